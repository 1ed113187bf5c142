"""How much of Amazon SWF's API the tests exercise: a table, and an error for what they leave out.

With `--swf-coverage FILE` this plugin notes what the services in the tests' own processes do:
operations answered, faults, decisions carried out, events written. Everything that botocore's model
has is looked for; what no test exercised is a gap, which ends the run with an error.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.model import StringShape

from localswf.engine.runs import Runs
from localswf.errors import SwfError
from localswf.model import choices, operation_faults, service_model, structure
from localswf.service import Service

OPERATIONS = "Operations"
FAULTS = "Faults"
OPERATION_FAULTS = "Faults of each operation"
DECISIONS = "Decisions"
EVENTS = "Events"
VALUES = "Causes, timeout types and child policies"

PROTOCOL_ERRORS = (
    "InternalFailure",
    "SerializationException",
    "ThrottlingException",
    "UnknownOperationException",
    "ValidationException",
)
"""What SWF answers beside the faults of its model."""

INTRODUCTION = """\
# What the tests exercise of Amazon SWF's API

Made by `make swf-coverage` from a run of `tests/localswf`: everything that botocore's model of
Amazon SWF has, how many tests exercised it, and one of them. `make test` fails if there is a gap.
Tests of the server as a process of its own are not counted; they come on top.
"""

Item = tuple[str, str]
"""A section of the table and the name of something in it."""


def api() -> Iterator[Item]:
    """Everything that there is to exercise, from botocore's model."""
    model, event_types = service_model(), choices("EventType")
    faults = {shape.name for shape in model.error_shapes}
    yield from ((OPERATIONS, name) for name in sorted(model.operation_names))
    yield from ((FAULTS, name) for name in sorted(faults | set(PROTOCOL_ERRORS)))
    for operation, found in sorted(operation_faults().items()):
        yield from ((OPERATION_FAULTS, f"{operation}: {fault}") for fault in found)
    yield from ((DECISIONS, name) for name in choices("DecisionType"))
    yield from ((EVENTS, event_type) for event_type in event_types)
    for event_type in event_types:
        members = structure(f"{event_type}EventAttributes").members
        for member, shape in members.items():
            values = shape.enum if isinstance(shape, StringShape) else ()
            yield from ((VALUES, f"{event_type}: {member} {value}") for value in values)


class Recorder:
    """Notes which test exercised what."""

    def __init__(self) -> None:
        self.tests: dict[Item, set[str]] = {}
        self.test = ""

    def install(self) -> None:
        """Have every service of this process tell what it does."""
        call, record = Service.call, Runs.record

        def recorded_call(service: Service, operation: str, request: Any, **how: Any) -> Any:
            future = call(service, operation, request, **how)
            test = self.test
            if future.done():
                self._answered(test, operation, request, future)
            else:
                future.add_done_callback(
                    lambda done: self._answered(test, operation, request, done)
                )
            return future

        def recorded_record(runs: Runs, run: Any, events: Any) -> None:
            for event in events:
                self._note(self.test, EVENTS, event.type)
                for member, value in event.attributes.items():
                    if isinstance(value, str):
                        self._note(self.test, VALUES, f"{event.type}: {member} {value}")
            record(runs, run, events)

        Service.call = recorded_call  # type: ignore[method-assign]
        Runs.record = recorded_record  # type: ignore[method-assign]

    def merge(self, noted: list[tuple[str, str, list[str]]]) -> None:
        """Take over what another process noted."""
        for section, name, tests in noted:
            self.tests.setdefault((section, name), set()).update(tests)

    def noted(self) -> list[tuple[str, str, list[str]]]:
        """All that was noted and is part of the API, in a form that goes between processes."""
        known = set(api())
        return [(*item, sorted(tests)) for item, tests in self.tests.items() if item in known]

    def _answered(self, test: str, operation: str, request: Any, future: Any) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if isinstance(error, SwfError):
            self._note(test, FAULTS, error.code)
            self._note(test, OPERATION_FAULTS, f"{operation}: {error.code}")
            return
        self._note(test, OPERATIONS, operation)
        if operation == "RespondDecisionTaskCompleted":
            for decision in request.get("decisions") or ():
                self._note(test, DECISIONS, decision["decisionType"])

    def _note(self, test: str, section: str, name: str) -> None:
        if test:
            self.tests.setdefault((section, name), set()).add(test)


def table(tests: Mapping[Item, set[str]]) -> tuple[str, list[str]]:
    """The table in Markdown, and what no test exercised."""
    breadth: dict[str, int] = {}
    for item in api():
        for test in tests.get(item, ()):
            breadth[test] = breadth.get(test, 0) + 1
    lines, gaps, section = [INTRODUCTION], [], ""
    for item in api():
        if item[0] != section:
            section = item[0]
            lines += [f"## {section}\n", "| | tests | one of them |", "|---|---|---|"]
        found = tests.get(item, set())
        # The one that exercises the least else is most about it.
        example = min(found, key=lambda test: (breadth[test], test), default="**none**")
        shown = example.removeprefix("tests/localswf/").partition("[")[0]
        lines.append(f"| {item[1]} | {len(found)} | {shown} |")
        if not found:
            gaps.append(f"{section}: {item[1]}")
    text = "\n".join(lines).replace("|\n##", "|\n\n##")
    return f"{text}\n", gaps


class Plugin:
    """What pytest calls in a run with `--swf-coverage`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.recorder = Recorder()
        self.gaps: list[str] = []
        self.recorder.install()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """What fixtures do is no test's merit."""
        self.recorder.test = item.nodeid
        try:
            return (yield)
        finally:
            self.recorder.test = ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A process of pytest-xdist has ended."""
        self.recorder.merge(getattr(node, "workeroutput", {}).get("swf_coverage", []))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["swf_coverage"] = self.recorder.noted()
            return
        text, self.gaps = table(self.recorder.tests)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(text)
        if self.gaps and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for gap in self.gaps:
            terminalreporter.write_line(f"No test exercises {gap}", red=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--swf-coverage",
        type=Path,
        metavar="FILE",
        help="write what the tests exercise of SWF's API; a gap is an error",
    )


def pytest_configure(config: pytest.Config) -> None:
    file = config.getoption("swf_coverage")
    if file is not None:
        config.pluginmanager.register(Plugin(file))
