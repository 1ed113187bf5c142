"""Type hints hold on both ends: where a value is given and where it is taken."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from swflow import (
    ActivityFailed,
    ChildFailed,
    Retry,
    SerializationError,
    Signal,
    WorkflowFailed,
    WorkflowType,
    activity,
    external,
    publish,
)
from swflow.testing import Environment
from tests.swflow.flows import flow


@dataclass(frozen=True)
class Progress:
    done: int
    of: int


@activity("Resize", version="1", task_list="pictures", retry=Retry(failures=3))
def resize(width: int) -> int:
    return width


@activity("Resize", version="1", task_list="pictures")
def resize_by_name(size: str) -> str:  # what a worker of another release makes of it
    return size


@activity("Anything", version="1", task_list="pictures")
def anything() -> Any:
    return "wide"


def called(function: Any) -> WorkflowType[..., Any]:
    """A workflow by the name of Flow, whatever its function is called."""
    function.__name__ = "Flow"
    return flow(function)


class TestAnActivity:
    def test_a_wrong_argument_is_an_error_at_the_call(self) -> None:
        @flow
        async def calling() -> str:
            try:
                await resize("wide")
            except SerializationError as error:
                return str(error)
            return "scheduled"

        with Environment() as env:
            execution = env.start(calling)
            assert execution.result().startswith("Resize: argument 'width': Input should be")
            assert not any(
                event["eventType"] == "ActivityTaskScheduled" for event in execution.history()
            )

    def test_a_wrong_number_of_arguments_is_an_error_at_the_call(self) -> None:
        @flow
        async def calling() -> str:
            try:
                resize()
            except SerializationError as error:
                return str(error)
            return "scheduled"

        with Environment() as env:
            assert env.run(calling) == "Resize(): missing a required argument: 'width'"

    def test_a_promise_of_another_type_breaks_the_promise_of_the_call(self) -> None:
        @flow
        async def calling() -> str:
            promise = resize(anything().later)
            with pytest.raises(SerializationError, match="Resize: argument 'width'"):
                await promise
            return "broken"

        with Environment() as env:
            assert env.run(calling) == "broken"

    def test_an_input_that_no_longer_fits_fails_it_for_good(self) -> None:
        @flow
        async def calling() -> tuple[str, bool]:
            with pytest.raises(ActivityFailed) as caught:
                await resize(640)
            return caught.value.reason, caught.value.retry

        with Environment(resize_by_name) as env:
            execution = env.start(calling)
            reason, retry = execution.result()
            attempts = [
                event
                for event in execution.history()
                if event["eventType"] == "ActivityTaskScheduled"
            ]

        assert reason == "Resize: argument 'size': Input should be a valid string"
        assert (retry, len(attempts)) == (False, 1)

    def test_its_result_is_checked_where_it_is_returned(self) -> None:
        @flow
        async def calling() -> tuple[str, bool]:
            with pytest.raises(ActivityFailed) as caught:
                await resize(640)
            return caught.value.reason, caught.value.retry

        with Environment() as env:
            env.replace(resize, lambda _width: "wide")
            reason, retry = env.run(calling)

        assert reason.startswith("Resize: the result: Input should be a valid integer")
        assert not retry

    def test_its_result_is_checked_where_it_is_received(self) -> None:
        @activity("Anything", version="1", task_list="pictures")
        def a_number() -> int:
            return 1

        @flow
        async def calling() -> str:
            with pytest.raises(SerializationError) as caught:
                await a_number()
            return str(caught.value)

        with Environment(anything) as env:
            assert env.run(calling).startswith("Anything: the result: Input should be a valid int")


@called
async def doubling(number: int) -> Any:
    return number


@called
async def greeting(name: str) -> str:
    return name


class TestAWorkflow:
    def test_a_wrong_argument_is_an_error_at_the_start(self) -> None:
        with (
            Environment() as env,
            pytest.raises(SerializationError, match="Flow: argument 'number'"),
        ):
            env.start(doubling, "two")

    def test_an_input_that_no_longer_fits_fails_it_for_good(self) -> None:
        with Environment(greeting) as env, pytest.raises(WorkflowFailed) as caught:
            env.run(doubling, 2)
        assert caught.value.reason == "Flow: argument 'name': Input should be a valid string"
        assert not caught.value.retry

    def test_its_result_is_checked_where_it_is_returned(self) -> None:
        @flow
        async def wrong() -> int:
            return "two"

        with Environment() as env, pytest.raises(WorkflowFailed, match="wrong: the result: Input"):
            env.run(wrong)

    def test_its_result_is_checked_where_it_is_received(self) -> None:
        with Environment() as env:
            started = env.start(doubling, 2)
            env.run_until_idle()
            received = env.client.execution(started.workflow_id, workflow=greeting)

            with pytest.raises(SerializationError, match="Flow: the result: Input should be a val"):
                received.result()

    def test_the_result_of_an_execution_that_is_there_already_is_read_by_its_type(self) -> None:
        @flow
        async def measuring() -> Progress:
            return Progress(1, 2)

        with Environment() as env:
            started = env.start(measuring)
            env.run_until_idle()
            client, workflow_id = env.client, started.workflow_id

            assert client.execution(workflow_id, workflow=measuring).result() == Progress(1, 2)
            assert client.execution(workflow_id).result() == {"done": 1, "of": 2}


class TestAChild:
    def test_a_wrong_argument_is_an_error_at_the_call(self) -> None:
        @flow
        async def parent() -> str:
            with pytest.raises(SerializationError) as caught:
                doubling("two")
            return str(caught.value)

        with Environment() as env:
            assert env.run(parent).startswith("Flow: argument 'number': Input should be")

    def test_an_input_that_no_longer_fits_fails_it_for_good(self) -> None:
        @flow
        async def parent() -> tuple[str, bool]:
            with pytest.raises(ChildFailed) as caught:
                await doubling(2)
            return caught.value.reason, caught.value.retry

        with Environment(greeting) as env:
            assert env.run(parent) == (
                "Flow: argument 'name': Input should be a valid string",
                False,
            )

    def test_its_result_is_checked_where_it_is_received(self) -> None:
        @called
        async def of_text(number: int) -> str:
            return str(number)

        @flow
        async def parent() -> str:
            with pytest.raises(SerializationError) as caught:
                await of_text(2)
            return str(caught.value)

        with Environment(doubling) as env:
            assert env.run(parent) == "Flow: the result: Input should be a valid string"


progress = Signal("progress", Progress)
progress_in_words = Signal("progress", str)


@flow
async def listening() -> str:
    try:
        return str(await progress.receive())
    except SerializationError as error:
        return str(error)


class TestASignal:
    def test_a_wrong_value_is_an_error_where_it_is_sent(self) -> None:
        with Environment() as env:
            execution = env.start(listening)
            with pytest.raises(SerializationError, match="signal 'progress': the value: Input"):
                execution.signal(progress, "half")

    def test_a_wrong_value_is_an_error_where_a_workflow_sends_it(self) -> None:
        @flow
        async def sending() -> str:
            with pytest.raises(SerializationError) as caught:
                external("listening-1").signal(progress, "half")
            return str(caught.value)

        with Environment() as env:
            assert env.run(sending).startswith("signal 'progress': the value: Input should be")

    def test_its_value_is_checked_where_it_is_received(self) -> None:
        with Environment() as env:
            execution = env.start(listening)
            execution.signal(progress_in_words, "half")
            assert execution.result().startswith("signal 'progress': the value: Input should be")


@flow
async def publishing() -> None:
    publish(Progress(1, 2))


class TestWhatIsPublished:
    def test_it_is_read_by_its_type(self) -> None:
        with Environment() as env:
            execution = env.start(publishing)
            execution.result()
            assert execution.published(Progress) == Progress(1, 2)
            assert execution.published() == {"done": 1, "of": 2}

    def test_it_is_checked_where_it_is_read(self) -> None:
        with Environment() as env:
            execution = env.start(publishing)
            execution.result()
            with pytest.raises(SerializationError, match="'publishing-1' publishes: the value: "):
                execution.published(timedelta)
