"""Who takes part."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contestant:
    """A way to run the workloads.

    Attributes:
        name: what tables call it.
        module: what its process runs, with a folder for its data and `arguments`.
        environment: the name of the lock file of an environment of its own; None for ours.
        share: how much of each workload it is given, where all of it would take minutes.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    environment: str | None = None
    share: float = 1.0


LOCALSWF_HTTP = Contestant("localswf, HTTP", "benchmarks.localswf_http")
LOCALSWF = Contestant("localswf, in process", "benchmarks.localswf_in_process")
CONTESTANTS = (
    LOCALSWF_HTTP,
    LOCALSWF,
)
