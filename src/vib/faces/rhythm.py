class Rhythm:
    """Tells when to search again: soon at first and after a find, else twice as late each time."""

    def __init__(self, shortest: float, longest: float) -> None:
        """Take the limits of the time between two searches, in seconds."""
        self._shortest, self._longest = shortest, longest
        self._pause = shortest
        self._due = 0.0

    def is_due(self, moment: float) -> bool:
        """Tell whether to search at this moment, in seconds."""
        return moment >= self._due

    def done(self, moment: float, *, again_soon: bool) -> None:
        """Note a search at this moment, and whether something was found that more may follow."""
        self._pause = self._shortest if again_soon else min(2 * self._pause, self._longest)
        self._due = moment + self._pause
