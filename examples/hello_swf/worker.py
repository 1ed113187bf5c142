"""Say hello whenever a workflow asks for it. Runs until it is stopped."""

import contextlib
from typing import Any

from hello import DOMAIN, TASK_LIST, client


def work(swf: Any) -> None:
    """Wait for an activity task, and carry it out if one came within the minute."""
    task = swf.poll_for_activity_task(domain=DOMAIN, taskList={"name": TASK_LIST})
    if task.get("taskToken"):
        print("Hello, World!", flush=True)
        swf.respond_activity_task_completed(taskToken=task["taskToken"])


if __name__ == "__main__":
    swf = client()
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            work(swf)
