"""An activity that no test registers."""

from swflow import activity


@activity(version="1", task_list="nowhere")
def never() -> None:
    """Nobody asks for this."""
