"""Lists and counts beside a model that looks at every execution there is."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localswf import Client, Service, VirtualClock

WORKFLOW_DEFAULTS = {
    "defaultTaskList": {"name": "deciders"},
    "defaultExecutionStartToCloseTimeout": "3600",
    "defaultTaskStartToCloseTimeout": "60",
    "defaultChildPolicy": "TERMINATE",
}
NAMES = st.sampled_from("abcd")
TYPES = st.sampled_from([("Process", "1"), ("Process", "2"), ("Publish", "1")])
TAGS = st.lists(st.sampled_from(["home", "sea", "snow"]), max_size=2)
ENDS = ("COMPLETED", "FAILED", "TERMINATED")
START = 1_700_000_000
EVER = {"oldestDate": 0}

STEPS = st.one_of(
    st.tuples(st.just("start"), NAMES, TYPES, TAGS),
    st.tuples(st.just("end"), NAMES, st.sampled_from(ENDS)),
    st.tuples(st.just("wait"), st.sampled_from([0.001, 1, 2])),
)
FILTERS = st.one_of(
    st.just({}),
    NAMES.map(lambda name: {"executionFilter": {"workflowId": name}}),
    TYPES.map(lambda found: {"typeFilter": {"name": found[0], "version": found[1]}}),
    TYPES.map(lambda found: {"typeFilter": {"name": found[0]}}),
    st.sampled_from(["home", "sea"]).map(lambda tag: {"tagFilter": {"tag": tag}}),
)
STATUS = st.sampled_from(ENDS).map(lambda status: {"closeStatusFilter": {"status": status}})
TIMES = st.fixed_dictionaries(
    {"oldestDate": st.integers(0, 12).map(lambda second: START + second)},
    optional={"latestDate": st.integers(0, 12).map(lambda second: START + second)},
)


class Executions:
    """A service, and all executions it ever had."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START * 1000)
        self.client = Client(Service(clock=self.clock))
        self.client.register_domain(name="videos", workflowExecutionRetentionPeriodInDays="1")
        for name, version in (("Process", "1"), ("Process", "2"), ("Publish", "1")):
            self.client.register_workflow_type(
                domain="videos", name=name, version=version, **WORKFLOW_DEFAULTS
            )
        self.started: list[dict[str, str]] = []
        self.open: set[str] = set()

    def step(self, what: str, *how: Any) -> None:
        getattr(self, what)(*how)

    def start(self, name: str, found: tuple[str, str], tags: list[str]) -> None:
        if name not in self.open:
            run = self.client.start_workflow_execution(
                domain="videos",
                workflowId=name,
                workflowType={"name": found[0], "version": found[1]},
                taskList={"name": name},
                tagList=tags,
            )
            self.started.append({"workflowId": name, "runId": run["runId"]})
            self.open.add(name)

    def end(self, name: str, status: str) -> None:
        if name not in self.open:
            return
        self.open.remove(name)
        if status == "TERMINATED":
            self.client.terminate_workflow_execution(domain="videos", workflowId=name)
        else:
            task = self.client.poll_for_decision_task(domain="videos", taskList={"name": name})
            kind = "Complete" if status == "COMPLETED" else "Fail"
            self.client.respond_decision_task_completed(
                taskToken=task["taskToken"],
                decisions=[{"decisionType": f"{kind}WorkflowExecution"}],
            )

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def expected(self, *, closed: bool, wanted: dict[str, Any]) -> list[dict[str, str]]:
        """What a list is to have, of what describing each execution tells."""
        by = "closeTimestamp" if "closeTimeFilter" in wanted else "startTimestamp"
        times = wanted.get("closeTimeFilter") or wanted["startTimeFilter"]
        found = []
        for number, execution in enumerate(self.started):
            info = self.client.describe_workflow_execution(domain="videos", execution=execution)[
                "executionInfo"
            ]
            if (info["executionStatus"] == "CLOSED") != closed or not lets_through(wanted, info):
                continue
            time = info[by].timestamp()
            if times["oldestDate"] <= time <= times.get("latestDate", time):
                found.append((time, info["startTimestamp"], number, execution))
        found.sort(key=lambda one: one[:3], reverse=not wanted.get("reverseOrder"))
        return [execution for *_, execution in found]

    def pages(self, which: str, **wanted: Any) -> Iterator[list[dict[str, Any]]]:
        operation = getattr(self.client, f"list_{which}_workflow_executions")
        while True:
            page = operation(domain="videos", **wanted)
            yield page["executionInfos"]
            if "nextPageToken" not in page:
                return
            wanted["nextPageToken"] = page["nextPageToken"]

    def count(self, which: str, **wanted: Any) -> int:
        wanted = {k: v for k, v in wanted.items() if k not in {"maximumPageSize", "reverseOrder"}}
        operation = getattr(self.client, f"count_{which}_workflow_executions")
        counted: int = operation(domain="videos", **wanted)["count"]
        return counted


def lets_through(wanted: dict[str, Any], info: dict[str, Any]) -> bool:
    """Whether the filter, if there is one, lets an execution through."""
    tests: dict[str, Callable[[dict[str, str]], bool]] = {
        "executionFilter": lambda f: info["execution"]["workflowId"] == f["workflowId"],
        "typeFilter": lambda f: info["workflowType"] == info["workflowType"] | f,
        "tagFilter": lambda f: f["tag"] in info.get("tagList", []),
        "closeStatusFilter": lambda f: info["closeStatus"] == f["status"],
    }
    return all(passes(wanted[name]) for name, passes in tests.items() if name in wanted)


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=25), st.data())
def test_lists_and_counts_are_those_of_the_model(steps: list[Any], data: st.DataObject) -> None:
    executions = Executions()
    with executions.client:
        for step in steps:
            executions.step(*step)
        for _ in range(6):
            closed = data.draw(st.booleans())
            orders = ["startTimeFilter", "closeTimeFilter"] if closed else ["startTimeFilter"]
            wanted = {
                data.draw(st.sampled_from(orders)): data.draw(TIMES),
                "maximumPageSize": data.draw(st.integers(1, 4)),
                "reverseOrder": data.draw(st.booleans()),
                **data.draw(FILTERS | STATUS if closed else FILTERS),
            }
            which = "closed" if closed else "open"

            expected = executions.expected(closed=closed, wanted=wanted)

            pages = list(executions.pages(which, **wanted))
            assert [info["execution"] for page in pages for info in page] == expected
            assert all(len(page) == wanted["maximumPageSize"] for page in pages[:-1])
            assert executions.count(which, **wanted) == len(expected)


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=20), st.lists(st.lists(STEPS, max_size=4)), st.data())
def test_pages_are_right_while_executions_begin_and_end(
    steps: list[Any], between: list[list[Any]], data: st.DataObject
) -> None:
    """What is in a list all the while is shown once; nothing is shown twice; the order holds."""
    which = data.draw(st.sampled_from(["open", "closed"]))
    by = "startTimeFilter" if which == "open" else "closeTimeFilter"
    wanted: dict[str, Any] = {by: EVER, "reverseOrder": data.draw(st.booleans())}
    closed = which == "closed"
    executions = Executions()
    with executions.client:
        for step in steps:
            executions.step(*step)
        before = executions.expected(closed=closed, wanted=wanted)

        shown = []
        more = iter(between)
        for page in executions.pages(which, maximumPageSize=2, **wanted):
            shown += [info["execution"] for info in page]
            for step in next(more, []):
                executions.step(*step)

        after = executions.expected(closed=closed, wanted=wanted)
        stayed = [execution for execution in before if execution in after]
        assert [execution for execution in shown if execution in stayed] == stayed
        assert len({execution["runId"] for execution in shown}) == len(shown)


def test_a_list_tells_of_all_that_was_asked_for_before_it(tmp_path: Path) -> None:
    """Though nothing of it is on disk yet when the list is asked for."""

    async def use() -> tuple[Any, Any]:
        service = Service(tmp_path / "swf.db")
        await service.call(
            "RegisterDomain", {"name": "d", "workflowExecutionRetentionPeriodInDays": "1"}
        )
        kind = {"name": "Process", "version": "1"}
        await service.call("RegisterWorkflowType", {"domain": "d", **kind, **WORKFLOW_DEFAULTS})
        which = {"domain": "d", "startTimeFilter": EVER}
        calls = [
            ("StartWorkflowExecution", {"domain": "d", "workflowId": "a", "workflowType": kind}),
            ("RequestCancelWorkflowExecution", {"domain": "d", "workflowId": "a"}),
            ("ListOpenWorkflowExecutions", which),
            ("TerminateWorkflowExecution", {"domain": "d", "workflowId": "a"}),
            ("CountOpenWorkflowExecutions", which),
            ("ListClosedWorkflowExecutions", which),
        ]
        answers = await asyncio.gather(*(service.call(*call) for call in calls))
        await service.close()
        return answers[2], answers[4:]

    while_open, after = asyncio.run(use())
    # The execution may be over by the time that the first list can be read.
    for info in while_open["executionInfos"]:
        assert info["cancelRequested"] is True
    assert after[0] == {"count": 0, "truncated": False}
    (info,) = after[1]["executionInfos"]
    assert (info["execution"]["workflowId"], info["closeStatus"]) == ("a", "TERMINATED")


def test_times_on_the_wire_are_compared_to_the_millisecond() -> None:
    executions = Executions()
    with executions.client:
        executions.start("a", ("Process", "1"), [])
        at = datetime.fromtimestamp(START, UTC)
        for oldest, expected in ((at, 1), (at + timedelta(milliseconds=1), 0)):
            assert executions.count("open", startTimeFilter={"oldestDate": oldest}) == expected
