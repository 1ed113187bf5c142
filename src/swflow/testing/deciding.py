"""Decisions in an environment: made by the code of a decider, in the test's own thread."""

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from swflow.deciders import deciding
from swflow.deciders.replay import Decision, Instance
from swflow.endpoint.lanes import Aside, Asked, Call, Conversation
from swflow.endpoint.retrying import code
from swflow.errors import OutdatedInstance, SwflowError
from swflow.execution.history import Event
from swflow.testing.domain import NAME, Domain
from swflow.values.sealing import Sealer

_KEPT = 1_000


class Deciding:
    """Makes the decisions of a domain's executions.

    What a decider would set an execution aside for is raised here as well: a test is to fail of it.

    Args:
        domain: where the executions are.
        sealer: of the domain's payloads.
        sticky: keep executions in memory between their decisions, and feed them with what is new;
            otherwise every decision replays the whole history.
    """

    def __init__(self, domain: Domain, sealer: Sealer, *, sticky: bool) -> None:
        self._domain = domain
        self._sticky = sticky
        self._decider = _Decider(domain, sealer, keep=_KEPT if sticky else 0)

    def step(self) -> bool:
        """Make a decision; whether there was one to make."""
        for name in self._domain.decision_lists:
            polled = {"taskList": {"name": name}, "startAtPreviousStartedEvent": self._sticky}
            task = self._domain.swf.call("PollForDecisionTask", {"domain": NAME, **polled})
            if task["taskToken"]:
                self._hold(self._decider.decide(task))
                return True
        return False

    def drop(self) -> None:
        """Forget every execution that is kept, as if the decider had been started again."""
        self._decider.close()

    def _hold(self, conversation: Conversation[None]) -> None:
        """Make a conversation's calls, and raise what the decider ran into."""
        problem: Exception | None = None
        wanted = next(conversation, None)
        while wanted is not None:
            try:
                wanted = _go_on(conversation, self._answer(wanted))
            except ClientError as error:
                problem = problem or (None if code(error) == "UnknownResourceFault" else error)
                wanted = _go_on(conversation, error)
            except SwflowError as error:
                wanted = _go_on(conversation, error)
        problem, self._decider.problem = self._decider.problem or problem, None
        if problem is not None:
            raise problem

    def _answer(self, wanted: Asked) -> Any:
        if isinstance(wanted, Aside):
            return wanted.work()
        assert isinstance(wanted, Call)  # noqa: S101 - there is nothing to wait for in here
        return self._domain.swf.call(wanted.operation, dict(wanted.parameters))


def _go_on(conversation: Conversation[None], answer: Any) -> Any:
    """What the conversation wants next; None if it has come to its end."""
    try:
        if isinstance(answer, Exception):
            return conversation.throw(answer)
        return conversation.send(answer)
    except StopIteration:
        return None


class _Decider(deciding.Deciding):
    """A decider that serves what its domain serves, and has no task list of its own.

    Attributes:
        problem: why it set an execution aside.
    """

    def __init__(self, domain: Domain, sealer: Sealer, *, keep: int) -> None:
        # There is no other decider here, and with one task list executions take their turns.
        super().__init__(NAME, (), None, keep, sealer)
        self._serving = domain
        self.problem: Exception | None = None

    def _begun(self, task: Mapping[str, Any]) -> Instance:
        try:
            return _Instance(self, self._serving, self._sealer, task)
        except Exception as error:
            self.problem = error
            raise


class _Instance(Instance):
    """An execution whose environment hears what it calls and how it fails."""

    def __init__(
        self, decider: _Decider, domain: Domain, sealer: Sealer, task: Mapping[str, Any]
    ) -> None:
        self._decider = decider
        self._domain = domain
        self._run_id = run_id = task["workflowExecution"]["runId"]
        workflow_id = task["workflowExecution"]["workflowId"]
        workflow = domain.workflow(task["workflowType"])
        super().__init__(workflow, sealer, workflow_id=workflow_id, run_id=run_id)

    def feed(self, events: Iterable[Event]) -> list[Decision]:
        """Go on with what is new, and let the environment know what comes of it."""
        try:
            decisions = super().feed(events)
        except OutdatedInstance:
            raise
        except Exception as error:
            self._decider.problem = error
            raise
        for each in self.called:
            self._domain.serve(each)
        if self.error is not None:
            self._domain.errors[self._run_id] = self.error
        return decisions
