"""Executions that start, signal, cancel and outlive each other, in any order."""

import contextlib
from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from harness.swf_json import attributes, decision
from localswf import Client, Service, VirtualClock

TYPE = {"name": "Process", "version": "1"}
IDS = st.sampled_from(["a", "b", "c", "d"])
POLICIES = st.sampled_from(["ABANDON", "REQUEST_CANCEL", "TERMINATE"])
NAMES = {"domain": "videos"}
EVER = {"startTimeFilter": {"oldestDate": 0}}
OUTCOMES = {
    "SignalExternalWorkflowExecutionInitiated": {
        "ExternalWorkflowExecutionSignaled",
        "SignalExternalWorkflowExecutionFailed",
    },
    "RequestCancelExternalWorkflowExecutionInitiated": {
        "ExternalWorkflowExecutionCancelRequested",
        "RequestCancelExternalWorkflowExecutionFailed",
    },
    "StartChildWorkflowExecutionInitiated": {
        "ChildWorkflowExecutionStarted",
        "StartChildWorkflowExecutionFailed",
    },
}
ENDS = {
    f"ChildWorkflowExecution{end}": status
    for end, status in {
        "Canceled": "CANCELED",
        "Completed": "COMPLETED",
        "Failed": "FAILED",
        "Terminated": "TERMINATED",
        "TimedOut": "TIMED_OUT",
    }.items()
}


MADE = st.lists(
    st.one_of(
        st.builds(
            lambda workflow_id, policy, seconds: decision(
                "StartChildWorkflowExecution",
                workflowId=workflow_id,
                workflowType=TYPE,
                childPolicy=policy,
                executionStartToCloseTimeout=seconds,
            ),
            IDS,
            POLICIES,
            st.sampled_from(["30", "3600"]),
        ),
        st.builds(
            lambda workflow_id: decision(
                "SignalExternalWorkflowExecution", workflowId=workflow_id, signalName="s"
            ),
            IDS,
        ),
        st.builds(
            lambda workflow_id: decision(
                "RequestCancelExternalWorkflowExecution", workflowId=workflow_id
            ),
            IDS,
        ),
    ),
    max_size=3,
)
CLOSES = st.sampled_from(
    [
        *[[]] * 6,
        [decision("CancelWorkflowExecution")],
        [decision("CompleteWorkflowExecution")],
        [decision("FailWorkflowExecution")],
        [decision("ContinueAsNewWorkflowExecution")],
    ]
)


class AnyFamily(RuleBasedStateMachine):
    """Whatever executions do to each other:

    - of a workflowId at most one execution is open;
    - whatever an open execution asks of another has one outcome, at once;
    - a child and its parent know each other by the same ids;
    - a parent that is open knows of each child's end, once and as it was, and of no other;
    - whoever heard of a signal or cancel request knows from whom, and that one knows of it;
    - a run that was continued has one successor, which knows it and has its parent;
    - what a parent's end means for its children has happened to them: none is open still that had
      to be terminated, and one that had to be asked to stop was asked.
    """

    @initialize()
    def open(self) -> None:
        self.clock = VirtualClock()
        self.client: Any = Client(Service(clock=self.clock))
        self.client.register_domain(name="videos", workflowExecutionRetentionPeriodInDays="90")
        self.client.register_workflow_type(
            **NAMES,
            **TYPE,
            defaultTaskList={"name": "deciders"},
            defaultExecutionStartToCloseTimeout="600",
            defaultTaskStartToCloseTimeout="60",
            defaultChildPolicy="TERMINATE",
        )
        self.start("a", "TERMINATE")

    def attempt(self, method: str, **request: Any) -> None:
        """A call that may be refused."""
        faults = self.client.exceptions
        with contextlib.suppress(
            faults.UnknownResourceFault, faults.WorkflowExecutionAlreadyStartedFault
        ):
            getattr(self.client, method)(**NAMES, **request)

    @rule(workflow_id=IDS, policy=POLICIES)
    def start(self, workflow_id: str, policy: str) -> None:
        self.attempt(
            "start_workflow_execution",
            workflowId=workflow_id,
            workflowType=TYPE,
            childPolicy=policy,
        )

    @rule(made=MADE, close=CLOSES)
    def decide(self, made: list[Any], close: list[Any]) -> None:
        if self.client.count_pending_decision_tasks(**NAMES, taskList={"name": "deciders"})[
            "count"
        ]:
            task = self.client.poll_for_decision_task(**NAMES, taskList={"name": "deciders"})
            self.client.respond_decision_task_completed(
                taskToken=task["taskToken"], decisions=made + close
            )

    @rule(workflow_id=IDS)
    def signal(self, workflow_id: str) -> None:
        self.attempt("signal_workflow_execution", workflowId=workflow_id, signalName="s")

    @rule(workflow_id=IDS, policy=st.none() | POLICIES)
    def terminate(self, workflow_id: str, policy: str | None) -> None:
        chosen = {} if policy is None else {"childPolicy": policy}
        self.attempt("terminate_workflow_execution", workflowId=workflow_id, **chosen)

    @rule(seconds=st.sampled_from([1, 40, 300]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @invariant()
    def all_is_well(self) -> None:
        infos = [
            info
            for which in ("open", "closed")
            for info in getattr(self.client, f"list_{which}_workflow_executions")(**NAMES, **EVER)[
                "executionInfos"
            ]
        ]
        self.infos = {info["execution"]["runId"]: info for info in infos}
        self.histories = {
            run_id: self.client.get_workflow_execution_history(
                **NAMES, execution=info["execution"]
            )["events"]
            for run_id, info in self.infos.items()
        }
        open_ids = [
            info["execution"]["workflowId"] for info in infos if info["executionStatus"] == "OPEN"
        ]
        assert len(set(open_ids)) == len(open_ids)
        for run_id, history in self.histories.items():
            self.has_one_outcome_each(run_id, history)
            self.knows_its_children(run_id, history)
            self.is_known_by_its_parent(run_id, history)
            self.is_continued(run_id, history)
            self.knows_who_disturbed_it(run_id, history)

    def is_open(self, run_id: str) -> bool:
        return bool(self.infos[run_id]["executionStatus"] == "OPEN")

    def has_one_outcome_each(self, run_id: str, history: list[dict[str, Any]]) -> None:
        for asked, outcomes in OUTCOMES.items():
            initiated = [event["eventId"] for event in history if event["eventType"] == asked]
            told = [
                attributes(event)["initiatedEventId"]
                for event in history
                if event["eventType"] in outcomes and attributes(event)["initiatedEventId"]
            ]
            assert (
                sorted(told) == initiated if self.is_open(run_id) else set(told) <= set(initiated)
            )

    def knows_its_children(self, run_id: str, history: list[dict[str, Any]]) -> None:
        ended = Counter(
            attributes(event)["initiatedEventId"] for event in history if event["eventType"] in ENDS
        )
        assert set(ended.values()) <= {1}
        for event in history:
            told = ENDS.get(event["eventType"])
            if event["eventType"] == "ChildWorkflowExecutionStarted":
                child = attributes(event)["workflowExecution"]["runId"]
                born = attributes(self.histories[child][0])
                assert born["parentInitiatedEventId"] == attributes(event)["initiatedEventId"]
                assert born["parentWorkflowExecution"]["runId"] == run_id
            elif told:
                child = attributes(event)["workflowExecution"]["runId"]
                assert self.infos[child]["closeStatus"] == told

    def is_known_by_its_parent(self, run_id: str, history: list[dict[str, Any]]) -> None:
        born, info = attributes(history[0]), self.infos[run_id]
        parent = born.get("parentWorkflowExecution", {}).get("runId")
        if parent is None:
            return
        initiated_id = born["parentInitiatedEventId"]
        ends = [
            attributes(event)["workflowExecution"]["runId"]
            for event in self.histories[parent]
            if event["eventType"] in ENDS and attributes(event)["initiatedEventId"] == initiated_id
        ]
        if self.is_open(parent):
            over = not self.is_open(run_id) and info["closeStatus"] != "CONTINUED_AS_NEW"
            assert (run_id in ends) == over
            return
        policy = attributes(self.histories[parent][-1]).get("childPolicy")
        if self.is_open(run_id) and self.infos[parent]["closeStatus"] in {
            "TERMINATED",
            "TIMED_OUT",
        }:
            assert policy != "TERMINATE"
            assert policy != "REQUEST_CANCEL" or any(
                attributes(event).get("cause") == "CHILD_POLICY_APPLIED" for event in history
            )

    def is_continued(self, run_id: str, history: list[dict[str, Any]]) -> None:
        last = history[-1]
        if last["eventType"] == "WorkflowExecutionContinuedAsNew":
            born = attributes(self.histories[attributes(last)["newExecutionRunId"]][0])
            assert born["continuedExecutionRunId"] == run_id
            first = attributes(history[0])
            for name in ("parentWorkflowExecution", "parentInitiatedEventId"):
                assert born.get(name) == first.get(name)

    def knows_who_disturbed_it(self, run_id: str, history: list[dict[str, Any]]) -> None:
        heard = [
            (found["externalWorkflowExecution"]["runId"], found["externalInitiatedEventId"])
            for event in history
            if (found := attributes(event)).get("externalWorkflowExecution")
        ]
        assert len(set(heard)) == len(heard)
        for source, asked in groupby(sorted(heard), key=itemgetter(0)):
            if self.is_open(source):
                reached = {
                    attributes(event)["initiatedEventId"]
                    for event in self.histories[source]
                    if event["eventType"].startswith("ExternalWorkflowExecution")
                    and attributes(event)["workflowExecution"]["runId"] == run_id
                }
                assert {initiated_id for _, initiated_id in asked} <= reached

    def teardown(self) -> None:
        if hasattr(self, "client"):
            self.client.close()


TestAnyFamily = pytest.mark.slow(AnyFamily.TestCase)
TestAnyFamily.settings = settings(max_examples=40, stateful_step_count=25)
