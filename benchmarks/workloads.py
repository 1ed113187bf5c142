"""What every contestant is given to do."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Workload:
    """Workflows of trivial activities.

    Attributes:
        name: what tables call it.
        workflows: how many there are.
        clients: how many start workflows, each one waiting for the end of one before the next.
        activities: how many each workflow has. An activity adds 1 to what it is given.
        parallel: all of a workflow's activities at once, and a join; else one after the other.
    """

    name: str
    workflows: int
    clients: int
    activities: int
    parallel: bool = False

    @property
    def total(self) -> int:
        """The activities of all workflows."""
        return self.workflows * self.activities

    def scaled(self, factor: float) -> "Workload":
        """A smaller one of the same form: shorter chains, or fewer workflows."""
        if self.activities > 1 and not self.parallel:
            return dataclasses.replace(self, activities=max(round(self.activities * factor), 2))
        return dataclasses.replace(self, workflows=max(round(self.workflows * factor), 1))


WARM_UP = Workload("warm-up", workflows=20, clients=10, activities=2)
WORKLOADS = (
    Workload("W1", workflows=10, clients=10, activities=100),
    Workload("W2", workflows=5, clients=1, activities=100, parallel=True),
    Workload("W3", workflows=200, clients=10, activities=1),
)
