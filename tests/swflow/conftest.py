"""Executions written by hand, and real ones: what tests begin with."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.swf_server import SwfServer
from swflow import WorkflowType
from tests.swflow.cluster import PROGRAM, Cluster
from tests.swflow.command import Command
from tests.swflow.flows import Begin
from tests.swflow.handwritten import History


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


@pytest.fixture(scope="session")
def shared_server(
    open_swf_server: Callable[..., AbstractContextManager[SwfServer]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SwfServer]:
    """A service that outlives a test; for tests that do not harm it."""
    with open_swf_server(tmp_path_factory.mktemp("shared") / "swf.db") as server:
        yield server


@pytest.fixture(scope="session")
def make_cluster(
    shared_server: SwfServer, films: ModuleType
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


@pytest.fixture
def swflow_command(
    shared_server: SwfServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """The command line, in this process."""
    return Command(shared_server.endpoint_url, capsys, monkeypatch)
