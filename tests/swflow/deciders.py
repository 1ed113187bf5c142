"""Amazon SWF as a decider's conversation sees it: one execution, written by hand."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from swflow.authoring.workflow import WorkflowType
from swflow.deciders.deciding import Deciding
from swflow.endpoint.lanes import Aside, Asked, Call, Conversation, Pause
from swflow.errors import SwflowError
from tests.swflow.handwritten import History

SHARED_PAGE = 4
begun: list[Deciding] = []
"""Those that a test has to close."""


def decider(workflow: WorkflowType[..., Any], own_list: str = "own", keep: int = 10) -> Deciding:
    begun.append(Deciding("films", [workflow], own_list, keep))
    return begun[-1]


def refused(code: str) -> ClientError:
    said = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(said, "RespondDecisionTaskCompleted")  # type: ignore[arg-type]


class Service:
    """Gives out the decision tasks of one execution, and keeps what it is asked.

    Attributes:
        calls: the names of the operations that were called since the last task.
        answers: every answer to a decision task.
        refusals: what to say to the next answers instead of taking them.
        behind: how many of the newest events it does not show yet, for each look in turn.
        meanwhile: what happens between the next answer and the word that it was taken.
    """

    def __init__(self, history: History, run_id: str = "the-run") -> None:
        self.history = history
        self.run_id = run_id
        self.calls: list[str] = []
        self.answers: list[dict[str, Any]] = []
        self.refusals: list[ClientError] = []
        self.behind: list[int] = []
        self.meanwhile: list[Callable[[], None]] = []

    def task(self, *, own: bool) -> dict[str, Any]:
        """The task begun last, as a decider's own list or the common one gives it."""
        events = self.history.events
        previous = self._previous_started()
        if own:
            # Timestamps are what Amazon SWF goes by, and other events have that one as well.
            at = events[previous - 1]["eventTimestamp"] if previous else events[0]["eventTimestamp"]
            shown = [each for each in events if each["eventTimestamp"] >= at]
        else:
            shown = events[: -SHARED_PAGE - 1 : -1]
        return {
            "taskToken": "token",
            "startedEventId": len(events),
            "previousStartedEventId": previous,
            "workflowExecution": {"workflowId": "the-id", "runId": self.run_id},
            "workflowType": self._type(),
            "events": shown,
        }

    def decide(self, by: Deciding, *, own: bool) -> list[dict[str, Any]] | None:
        """Have a decider decide the task begun last; None if it gave no answer that was taken."""
        self.calls = []
        taken = len(self.answers)
        conversation: Conversation[None] = by.decide(self.task(own=own))
        try:
            asked = next(conversation)
            while True:
                try:
                    answer = self._answer(asked)
                except (ClientError, SwflowError) as error:
                    asked = conversation.throw(error)
                else:
                    asked = conversation.send(answer)
        except StopIteration:
            pass
        return self.answers[-1]["decisions"] if len(self.answers) > taken else None

    def _answer(self, asked: Asked) -> Any:
        if isinstance(asked, Pause):
            return {}
        if isinstance(asked, Aside):
            return asked.work()
        assert isinstance(asked, Call)
        self.calls.append(asked.operation)
        if asked.operation == "GetWorkflowExecutionHistory":
            return self._page(asked.parameters)
        assert asked.operation == "RespondDecisionTaskCompleted"
        if self.refusals:
            raise self.refusals.pop(0)
        self.answers.append(dict(asked.parameters))
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return {}

    def _page(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Three events a page."""
        begin = int(parameters.get("nextPageToken", 0))
        if begin == 0:
            self._shown = len(self.history.events) - (self.behind.pop(0) if self.behind else 0)
        end = min(begin + 3, self._shown)
        more = {"nextPageToken": str(end)} if end < self._shown else {}
        return {"events": self.history.events[begin:end], **more}

    def _previous_started(self) -> int:
        """The DecisionTaskStarted of the decision that was completed last."""
        kinds: Iterator[tuple[int, str]] = iter(
            (each["eventId"], each["eventType"]) for each in reversed(self.history.events)
        )
        completed = next((at for at, kind in kinds if kind == "DecisionTaskCompleted"), None)
        if completed is None:
            return 0
        return next(at for at, kind in kinds if kind == "DecisionTaskStarted")

    def _type(self) -> dict[str, str]:
        return {"name": self.history.workflow.name, "version": self.history.workflow.version}
