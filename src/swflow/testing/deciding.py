"""Decisions in an environment: by the code that deciders run, for one task at a time."""

from typing import Any

from swflow.errors import OutdatedInstance
from swflow.history import Event
from swflow.replay import Decision, Instance
from swflow.testing.domain import NAME, Domain


class _Kept:
    """An execution between its decisions, and the last event that it was fed."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.seen = 0


class Deciding:
    """Makes the decisions of a domain's executions.

    What a decider would set an execution aside for is raised here: a test is to fail of it.

    Args:
        domain: where the executions are.
        sticky: keep executions in memory between their decisions, and feed them with what is new;
            otherwise every decision replays the whole history.
    """

    def __init__(self, domain: Domain, *, sticky: bool) -> None:
        self._domain = domain
        self._sticky = sticky
        self._kept: dict[str, _Kept] = {}

    def step(self) -> bool:
        """Make a decision; whether there was one to make."""
        for name in self._domain.decision_lists:
            polled = {"taskList": {"name": name}, "startAtPreviousStartedEvent": self._sticky}
            task = self._domain.swf.call("PollForDecisionTask", {"domain": NAME, **polled})
            if task["taskToken"]:
                self._decide(task)
                return True
        return False

    def drop(self) -> None:
        """Forget every execution that is kept, as if the decider had been started again."""
        for each in self._kept.values():
            each.instance.close()
        self._kept.clear()

    def _decide(self, task: dict[str, Any]) -> None:
        run_id = task["workflowExecution"]["runId"]
        try:
            decisions, instance = self._feed(task)
            for each in instance.called:
                self._domain.serve(each)
            published = instance.published
            shown = {} if published is None else {"executionContext": published}
            answer = {"taskToken": task["taskToken"], "decisions": decisions, **shown}
            self._domain.swf.call("RespondDecisionTaskCompleted", answer)
        except BaseException:
            self._forget(run_id)
            raise
        if instance.error is not None:
            self._domain.errors[run_id] = instance.error
        if not self._sticky:
            self._forget(run_id)

    def _feed(self, task: dict[str, Any]) -> tuple[list[Decision], Instance]:
        kept = self._kept.get(task["workflowExecution"]["runId"]) or self._keep(task)
        events: list[Event] = task["events"]
        if "nextPageToken" in task or events[0]["eventId"] > kept.seen + 1:
            events = self._history(task)
        new = [event for event in events if event["eventId"] > kept.seen]
        kept.seen = task["startedEventId"]
        try:
            return kept.instance.feed(new), kept.instance
        except OutdatedInstance:
            self._forget(task["workflowExecution"]["runId"])
            return self._feed(task)

    def _keep(self, task: dict[str, Any]) -> _Kept:
        execution = task["workflowExecution"]
        workflow_id, run_id = execution["workflowId"], execution["runId"]
        workflow = self._domain.workflow(task["workflowType"])
        instance = Instance(workflow, workflow_id=workflow_id, run_id=run_id)
        kept = self._kept[run_id] = _Kept(instance)
        return kept

    def _history(self, task: dict[str, Any]) -> list[Event]:
        """The whole history, up to the decision."""
        pages = self._domain.swf.get_paginator("get_workflow_execution_history").paginate(
            domain=NAME, execution=task["workflowExecution"]
        )
        events = [event for page in pages for event in page["events"]]
        return events[: task["startedEventId"]]

    def _forget(self, run_id: str) -> None:
        kept = self._kept.pop(run_id, None)
        if kept is not None:
            kept.instance.close()
