"""When an activity is tried again."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often an activity is tried again; failures and timeouts are counted apart.

    Args:
        failures: how many times a failed attempt is tried again.
        timeouts: one factor for each retry after a timeout: all timeouts of the activity are
            multiplied by it for that attempt. `(2, 4)` retries twice, first with the doubled
            timeouts, then with four times the original ones.
        backoff: the wait before the first retry of a failed attempt. A retry after a timeout
            starts at once: time has passed already.
        backoff_factor: how much longer each further wait is than the one before.
        max_backoff: the longest wait.
    """

    failures: int = 0
    timeouts: tuple[int, ...] = ()
    backoff: timedelta = timedelta(0)
    backoff_factor: float = 2
    max_backoff: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.failures < 0:
            raise ValueError(f"Retry: failures is {self.failures}; it is 0 or more")
        if any(factor < 1 for factor in self.timeouts):
            raise ValueError(f"Retry: timeouts is {self.timeouts}; every factor is 1 or more")
        if self.backoff < timedelta(0) or self.backoff_factor < 1:
            raise ValueError("Retry: backoff is 0 or more and backoff_factor is 1 or more")

    def after_failure(self, failures: int) -> timedelta | None:
        """The wait after the failure with this number, from 1; None if it was the last."""
        if failures > self.failures:
            return None
        # The exponent is bounded, or the product leaves what a float can hold.
        factor = self.backoff_factor ** min(failures - 1, 64)
        seconds = min(self.backoff.total_seconds() * factor, self.max_backoff.total_seconds())
        return timedelta(seconds=seconds)

    def after_timeout(self, timeouts: int) -> int | None:
        """The factor of all timeouts after the timeout with this number, from 1; None: no retry."""
        return self.timeouts[timeouts - 1] if timeouts <= len(self.timeouts) else None
