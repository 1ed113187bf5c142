"""An activity and a decorator for the workflows that tests write down where they need them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from swflow import WorkflowType, activity, workflow

Begin = Callable[..., Any]


@activity("Step", version="1", task_list="steps")
def step(name: str) -> str:
    return name


def flow(function: Callable[..., Any]) -> WorkflowType[..., Any]:
    return workflow(version="1", task_list="flows", execution_timeout=timedelta(hours=1))(function)
