"""The replay check: does today's code still do what histories say it did?"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from swflow.authoring.workflow import WorkflowType
from swflow.deciders.replay import Instance
from swflow.errors import NonDeterminismError, SwflowError
from swflow.execution.history import Event
from swflow.execution.travelling import open_events
from swflow.tools.histories import StoredHistory, read_histories
from swflow.values.payloads import PLAIN, Payloads
from swflow.values.sealing import Sealer

Workflows = WorkflowType[..., Any] | Iterable[WorkflowType[..., Any]]

History = Path | str | StoredHistory | Mapping[str, Any] | Sequence[Event]


def check(
    workflows: Workflows, history: History, *, domain: str = "", payloads: Payloads = PLAIN
) -> None:
    """Run today's code over a stored history, or over all that are in a file.

    Args:
        workflows: the workflow, or those among which the history's own is found by its name and
            version.
        history: a file, or its path; or the history itself, as GetWorkflowExecutionHistory or
            `Execution.history` gives it.
        domain: where it is from, if its payloads are stored or encrypted and it does not say so.
        payloads: how they travelled.

    Raises:
        NonDeterminismError: the code does something else than the history says. It tells both
            sides, the event at which they part, and the line of the code that asks for what is
            not there.
        SwflowError: no workflow is of the history's type, or what is there is no history.
        PayloadError: a payload of the history cannot be fetched or decoded.
    """
    given = [workflows] if isinstance(workflows, WorkflowType) else workflows
    of_today = Check(given, domain=domain, payloads=payloads)
    for each in _histories(history):
        of_today.run(each)


class Check:
    """Today's code, to be run over stored histories.

    Args:
        workflows: what it is made of.
        domain: where histories are from that do not say so.
        payloads: how theirs travelled.
    """

    def __init__(
        self,
        workflows: Iterable[WorkflowType[..., Any]],
        *,
        domain: str = "",
        payloads: Payloads = PLAIN,
    ) -> None:
        self._workflows = {(each.name, each.version): each for each in workflows}
        self._domain = domain
        self._payloads = payloads
        self._sealers: dict[str, Sealer] = {}

    def run(self, of: StoredHistory) -> None:
        """Run the code that belongs to a history over it.

        Raises:
            SwflowError: as `check` says.
        """
        workflow = self._workflows.get(of.type)
        if workflow is None:
            known = ", ".join(f"{name} {version}" for name, version in self._workflows) or "none"
            raise SwflowError(
                f"{of.place} is a history of the workflow {' '.join(of.type)}; given are: {known}"
            )
        sealer = self._sealer(of.domain or self._domain)
        try:
            _replay(workflow, of, sealer, traced=False)
        except NonDeterminismError:
            # Again, to note where in the code it comes from, which takes its time.
            _replay(workflow, of, sealer, traced=True)
            raise

    def _sealer(self, domain: str) -> Sealer:
        if domain not in self._sealers:
            self._sealers[domain] = Sealer(domain, self._payloads)
        return self._sealers[domain]


def _replay(
    workflow: WorkflowType[..., Any], of: StoredHistory, sealer: Sealer, *, traced: bool
) -> None:
    this = {"workflow_id": of.workflow_id, "run_id": of.run_id}
    with closing(Instance(workflow, sealer, **this, traced=traced)) as instance:
        instance.feed(open_events(sealer, of.events))


def _histories(history: History) -> Iterable[StoredHistory]:
    match history:
        case StoredHistory():
            return [history]
        case str() | Path():
            return read_histories(Path(history))
        case Mapping():
            return [StoredHistory("the history", list(history["events"]))]
        case _:
            return [StoredHistory("the history", list(history))]
