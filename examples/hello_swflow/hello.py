"""Hello, SWF: a workflow with one activity."""

from datetime import timedelta

from swflow import activity, workflow


@activity("HelloWorld", version="1.0", task_list="default")
def say_hi() -> None:
    """Greet whoever looks at the worker."""
    print("Hello, World!", flush=True)


@workflow("HelloWorkflow", version="1.0", task_list="default", execution_timeout=timedelta(hours=1))
async def hello() -> None:
    """Have one greeting said."""
    await say_hi()
