"""Histories written by hand, and real deciders and workers."""

import importlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from swflow import Client, Execution, OutdatedInstance, WorkflowType, replay
from swflow.__main__ import main
from swflow.deciders.replay import Instance

START = datetime(2026, 1, 1, tzinfo=UTC)


class History:
    """A history in the making: decides with the workflow's code, and writes down what comes of it.

    Kept, it feeds one instance with what is new; otherwise it replays everything every time.
    """

    def __init__(self, workflow: WorkflowType[..., Any], *args: Any, kept: bool = False) -> None:
        self.workflow = workflow
        self.events: list[dict[str, Any]] = []
        self.now = START
        self._this = {"workflow_id": "the-id", "run_id": "the-run"}
        self.instance = Instance(workflow, **self._this) if kept else None
        self._fed = 0
        given = workflow.encode_input(args, {})
        self.add("WorkflowExecutionStarted", input=given)

    def add(self, kind: str, **attributes: Any) -> int:
        key = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        event = {
            "eventId": len(self.events) + 1,
            "eventType": kind,
            "eventTimestamp": self.now,
            key: attributes,
        }
        self.events.append(event)
        return len(self.events)

    def begin_decision(self) -> int:
        scheduled = self.add("DecisionTaskScheduled", startToCloseTimeout="300")
        return self.add("DecisionTaskStarted", scheduledEventId=scheduled)

    def decisions(self) -> list[dict[str, Any]]:
        """What the code decides at this point, without anything being written down."""
        if self.instance is None:
            return self.replayed()
        new, self._fed = self.events[self._fed :], len(self.events)
        try:
            return self.instance.feed(new)
        except OutdatedInstance:
            self.drop()
            return self.decisions()

    def replayed(self) -> list[dict[str, Any]]:
        """The same, by a replay of everything."""
        return replay(self.workflow, self.events, **self._this)

    def drop(self) -> None:
        """What a decider does with a kept instance that it has no room for."""
        if self.instance is not None:
            self.instance.close()
            self.instance, self._fed = Instance(self.workflow, **self._this), 0

    def complete_decision(self, decisions: list[dict[str, Any]]) -> None:
        completed = self.add("DecisionTaskCompleted")
        for decision in decisions:
            self.write(decision, completed)

    def decide(self) -> list[dict[str, Any]]:
        """One decision from beginning to end."""
        self.begin_decision()
        decisions = self.decisions()
        self.complete_decision(decisions)
        return decisions

    def asked(self) -> list[str]:
        """What one more decision asks for, in short."""
        return [_short(each) for each in self.decide()]

    def scheduled(self) -> list[tuple[str, str]]:
        """The ids and names of the activities that one more decision schedules."""
        return [
            (says["activityId"], says["activityType"]["name"])
            for decision in self.decide()
            if (says := decision.get("scheduleActivityTaskDecisionAttributes"))
        ]

    def complete(self, activity_id: str, result: Any = None) -> None:
        scheduled = self._scheduled(activity_id)
        self.add("ActivityTaskCompleted", scheduledEventId=scheduled, result=json.dumps(result))

    def fail(self, activity_id: str, reason: str = "oops", **says: bool) -> None:
        self.add(
            "ActivityTaskFailed",
            scheduledEventId=self._scheduled(activity_id),
            reason=reason,
            details=json.dumps({"retry": True, "details": None} | says),
        )

    def time_out(self, activity_id: str, kind: str = "START_TO_CLOSE", details: str = "") -> None:
        scheduled = self._scheduled(activity_id)
        more = {"details": details} if details else {}
        self.add("ActivityTaskTimedOut", scheduledEventId=scheduled, timeoutType=kind, **more)

    def cancelled(self, activity_id: str) -> None:
        self.add("ActivityTaskCanceled", scheduledEventId=self._scheduled(activity_id))

    def request_cancel(self) -> None:
        self.add("WorkflowExecutionCancelRequested", externalInitiatedEventId=0)

    def signal(self, name: str, value: Any = None) -> None:
        text = {} if value is None else {"input": json.dumps(value)}
        self.add("WorkflowExecutionSignaled", signalName=name, externalInitiatedEventId=0, **text)

    def start_child(self, workflow_id: str, run_id: str = "child-run") -> None:
        self.child(workflow_id, "Started", workflowExecution={"runId": run_id})

    def child(self, workflow_id: str, became: str, **says: Any) -> None:
        """What becomes of a child: Completed, Failed, TimedOut, Canceled or Terminated."""
        kind = "StartChildWorkflowExecutionInitiated"
        initiated = self._last(kind, "workflowId", workflow_id)
        self.add(f"ChildWorkflowExecution{became}", initiatedEventId=initiated, **says)

    def reached(self, kind: str, became: str, **says: Any) -> None:
        """What becomes of the last thing asked of another execution."""
        initiated = next(
            event["eventId"]
            for event in reversed(self.events)
            if event["eventType"] == f"{kind}ExternalWorkflowExecutionInitiated"
        )
        self.add(became, initiatedEventId=initiated, **says)

    def fire(self, timer_id: str) -> None:
        started = self._last("TimerStarted", "timerId", timer_id)
        self.add("TimerFired", timerId=timer_id, startedEventId=started)

    def after(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def result(self) -> Any:
        """What one more decision completes the execution with."""
        decision = self.decide()[-1]
        return json.loads(decision["completeWorkflowExecutionDecisionAttributes"]["result"])

    def failure(self) -> tuple[str, dict[str, Any]]:
        """The reason and the details that one more decision fails the execution with."""
        says = self.decide()[-1]["failWorkflowExecutionDecisionAttributes"]
        return says["reason"], json.loads(says["details"])

    def close(self) -> None:
        if self.instance is not None:
            self.instance.close()

    def _scheduled(self, activity_id: str) -> int:
        return self._last("ActivityTaskScheduled", "activityId", activity_id)

    def _last(self, kind: str, key: str, value: str) -> int:
        """The id of the last event of this kind whose attribute has this value."""
        return next(
            event["eventId"]
            for event in reversed(self.events)
            if event["eventType"] == kind
            and event[f"{kind[0].lower()}{kind[1:]}EventAttributes"][key] == value
        )

    def write(self, decision: dict[str, Any], completed: int) -> None:
        kind = decision["decisionType"]
        says = dict(decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"])
        if kind == "CancelTimer":
            says["startedEventId"] = self._last("TimerStarted", "timerId", says["timerId"])
        event = {
            "ScheduleActivityTask": "ActivityTaskScheduled",
            "RequestCancelActivityTask": "ActivityTaskCancelRequested",
            "StartTimer": "TimerStarted",
            "CancelTimer": "TimerCanceled",
            "RecordMarker": "MarkerRecorded",
            "StartChildWorkflowExecution": "StartChildWorkflowExecutionInitiated",
            "SignalExternalWorkflowExecution": "SignalExternalWorkflowExecutionInitiated",
            "RequestCancelExternalWorkflowExecution": (
                "RequestCancelExternalWorkflowExecutionInitiated"
            ),
            "CompleteWorkflowExecution": "WorkflowExecutionCompleted",
            "FailWorkflowExecution": "WorkflowExecutionFailed",
            "CancelWorkflowExecution": "WorkflowExecutionCanceled",
            "ContinueAsNewWorkflowExecution": "WorkflowExecutionContinuedAsNew",
        }[kind]
        self.add(event, decisionTaskCompletedEventId=completed, **says)


def _short(decision: dict[str, Any]) -> str:
    kind = decision["decisionType"]
    says = decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"]
    ids = ("activityId", "timerId", "markerName", "workflowId")
    return " ".join([kind, *(says[key] for key in ids if key in says)])


Begin = Callable[..., History]


@pytest.fixture
def begin_replayed() -> Begin:
    """Begins an execution that is replayed in full for every decision."""
    return History


@pytest.fixture(params=[False, True], ids=["replayed", "kept"])
def begin(request: pytest.FixtureRequest) -> Iterator[Begin]:
    """Begins an execution: replayed in full for every decision, and kept between decisions."""
    begun: list[History] = []

    def start(workflow: WorkflowType[..., Any], *args: Any) -> History:
        begun.append(History(workflow, *args, kept=request.param))
        return begun[-1]

    yield start
    for each in begun:
        each.close()


SRC = Path(__file__).parents[2] / "src"
PROGRAM = Path(__file__).parent / "program"


class Process:
    """A decider or a worker, in a process group of its own."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self._log = log
        with log.open("w") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "swflow", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=PROGRAM,
                env={**os.environ, "PYTHONPATH": str(SRC)},
                start_new_session=True,
            )

    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        """SIGKILL to it and to its children."""
        os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(timeout=30)

    def terminate(self) -> None:
        self.popen.terminate()

    def interrupt_group(self) -> None:
        """What Ctrl-C in a terminal does."""
        os.killpg(self.popen.pid, signal.SIGINT)

    def wait(self) -> int:
        """The exit status; well within a long poll's minute."""
        return self.popen.wait(timeout=30)

    def close(self) -> None:
        try:
            self.kill()
        except ProcessLookupError:
            self.popen.wait(timeout=30)


class Cluster:
    """A domain on a service, with whatever deciders and workers a test starts."""

    # For all of them: several may share a service.
    _numbers = itertools.count(1)

    def __init__(self, server: Any, folder: Path, films: ModuleType) -> None:
        self.server = server
        self.films = films
        self.client = Client("films", endpoint_url=server.endpoint_url)
        self.register(films)
        self.processes: list[Process] = []
        self._logs = folder
        self.begin(folder)

    def begin(self, folder: Path) -> None:
        """Give a test its own film and diary."""
        self.folder = folder
        self.film = self.films.Film("film", folder / "diary")

    def register(self, program: ModuleType) -> None:
        types = [each for each in vars(program).values() if hasattr(each, "registration")]
        self.client.register(*types, retention=timedelta(days=1))

    def decider(self, *options: str, program: str = "films", domain: str = "films") -> Process:
        return self._start("decider", program, f"--domain={domain}", "--task-list=films", *options)

    def worker(
        self,
        program: str = "films",
        *,
        domain: str = "films",
        processes: int = 1,
        grace: int = 30,
        more: tuple[str, ...] = ("--task-list=films",),
    ) -> Process:
        numbers = [f"--processes={processes}", f"--grace={grace}"]
        return self._start("worker", program, f"--domain={domain}", *numbers, *more)

    def start(self, workflow: WorkflowType[..., Any], *args: Any) -> Execution[Any]:
        return self.client.start(workflow, *args, workflow_id=f"film-{next(self._numbers)}")

    def run(self, workflow: WorkflowType[..., Any], *args: Any) -> Any:
        """Start an execution and wait for its result."""
        return self.start(workflow, *args).result(timedelta(seconds=60))

    def diary(self) -> list[str]:
        """What the activities wrote down."""
        return self.film.diary.read_text().splitlines() if self.film.diary.exists() else []

    def await_diary(self, line: str) -> None:
        self.wait_for(lambda: any(each.startswith(line) for each in self.diary()), line)

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            logs = "\n".join(each.log() for each in self.processes)
            assert time.monotonic() < deadline, f"{what} did not come; {logs}"
            time.sleep(0.02)

    def close(self) -> None:
        for each in self.processes:
            each.close()

    def _start(self, command: str, *arguments: str) -> Process:
        where = [f"--endpoint-url={self.server.endpoint_url}"]
        log = self._logs / f"{len(self.processes)}.log"
        process = Process([command, *arguments, *where], log)
        self.processes.append(process)
        return process


@pytest.fixture(scope="session")
def films() -> Iterator[ModuleType]:
    """The program that the clusters' processes run."""
    sys.path.insert(0, str(PROGRAM))
    try:
        yield importlib.import_module("films")
    finally:
        sys.path.remove(str(PROGRAM))


@pytest.fixture(scope="session")
def lab(films: ModuleType) -> ModuleType:
    """Another program, of activities for every pool."""
    del films  # it is found where that one is
    return importlib.import_module("lab")


@dataclass(frozen=True)
class SharedServer:
    """A service that outlives a test; for tests that do not harm it."""

    endpoint_url: str


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedServer]:
    data = tmp_path_factory.mktemp("shared") / "swf.db"
    with (
        data.with_suffix(".log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "localswf", "serve", "--data", str(data), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SRC)},
        ) as process,
    ):
        assert process.stdout is not None
        try:
            yield SharedServer(process.stdout.readline().strip())
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def make_cluster(
    shared_server: SharedServer, films: ModuleType
) -> Callable[[Path], AbstractContextManager[Cluster]]:
    """Makes clusters that several tests share."""
    return lambda folder: closing(Cluster(shared_server, folder, films))


@pytest.fixture(scope="module")
def shared_cluster(
    make_cluster: Callable[[Path], AbstractContextManager[Cluster]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    """A decider and a worker that a module's tests share."""
    with make_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        cluster.decider()
        cluster.worker(processes=3)
        yield cluster


@pytest.fixture
def cluster(swf_server: Any, tmp_path: Path, films: ModuleType) -> Iterator[Cluster]:
    """A service, and deciders and workers as real processes."""
    cluster = Cluster(swf_server, tmp_path, films)
    try:
        yield cluster
    finally:
        cluster.close()


class Command:
    """The command line as a user gives it, against a service."""

    def __init__(
        self, endpoint_url: str, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
    ) -> None:
        self.endpoint_url = endpoint_url
        self.domain = ""
        self.out = self.said = ""
        self._capsys = capsys
        self._patch = patch
        patch.setenv("AWS_ENDPOINT_URL_SWF", endpoint_url)
        for name in ("AWS_PROFILE", "NO_COLOR"):
            patch.delenv(name, raising=False)

    def enter(self, folder: Path, domain: str) -> None:
        """Go into a folder with a program, and into a domain."""
        self.domain = domain
        self._patch.chdir(folder)
        self._patch.syspath_prepend(folder)
        self._patch.setenv("SWFLOW_DOMAIN", domain)

    def forget(self, module: str) -> None:
        """Have a module loaded anew."""
        sys.modules.pop(module, None)
        importlib.invalidate_caches()

    def client(self) -> Client:
        return Client(self.domain, endpoint_url=self.endpoint_url)

    def run(self, *words: str) -> int:
        """The exit status; what it printed is in `out` and `said`."""
        try:
            status = main(words)
        except SystemExit as error:  # argparse
            status = int(str(error.code))
        self.out, self.said = self._capsys.readouterr()
        return status

    def __call__(self, *words: str) -> list[str]:
        """The lines that a command which succeeds prints."""
        status = self.run(*words)
        assert status == 0, self.said
        return self.out.splitlines()

    def json(self, *words: str) -> Any:
        """The JSON that a command which succeeds prints."""
        return json.loads("\n".join(self(*words)))

    def refused(self, *words: str) -> str:
        """What a command says that cannot be carried out."""
        assert self.run(*words) == 2, self.out
        assert self.out == ""
        assert "Traceback" not in self.said
        return self.said

    def run_module(self, module: str, *words: str) -> str:
        """What another program prints, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            env={**os.environ, "PYTHONPATH": str(SRC)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def swflow_command(
    shared_server: SharedServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """The command line, in this process."""
    return Command(shared_server.endpoint_url, capsys, monkeypatch)
