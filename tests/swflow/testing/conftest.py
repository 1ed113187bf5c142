"""Histories of the shop's executions, in files."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from swflow import Payloads, WorkflowType
from swflow.testing import Environment
from swflow.values.payloads import PLAIN

Store = Callable[..., Path]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Runs a workflow and stores its history as the AWS CLI prints it."""

    def run(
        name: str, workflow: WorkflowType[..., Any], *args: Any, payloads: Payloads = PLAIN
    ) -> Path:
        path = tmp_path / "histories" / name
        path.parent.mkdir(exist_ok=True)
        with Environment(payloads=payloads) as env:
            execution = env.start(workflow, *args)
            execution.result()
            path.write_text(json.dumps({"events": execution.history()}, default=_iso))
        return path

    return run


def _iso(value: Any) -> str:
    text: str = value.isoformat()
    return text


@pytest.fixture(params=[True, False], ids=["kept", "replayed"])
def env(request: pytest.FixtureRequest) -> Iterator[Environment]:
    with Environment(sticky=request.param) as environment:
        yield environment
