"""What is found out once is recorded, and the same in every replay."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from swflow import (
    CachedCallFailed,
    Failure,
    NonDeterminismError,
    SwflowError,
    cached,
    marker,
    patched,
    random,
    uuid4,
)
from tests.swflow.flows import Begin, flow, step


def test_a_cached_function_is_called_once_for_each_call(begin: Begin) -> None:
    calls = list[int]()

    @cached
    def look_up(number: int) -> datetime:
        calls.append(number)
        return datetime(2026, 1, len(calls), tzinfo=UTC)

    @flow
    async def looking() -> list[datetime]:
        first = look_up(1)
        await step("between")
        return [first, look_up(1)]

    history = begin(looking)
    assert history.asked() == ["RecordMarker swflow.cached", "ScheduleActivityTask 2"]
    history.complete("2", "between")
    assert history.result() == ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]
    assert calls == [1, 1]


def test_what_a_cached_function_raises_is_recorded_too(begin: Begin) -> None:
    calls = list[str]()

    @cached
    def look_up(what: str) -> str:
        calls.append(what)
        if what == "wrong":
            raise Failure("no such thing", {"what": what}, retry=False)
        raise KeyError(what)

    @flow
    async def looking() -> list[Any]:
        found = list[Any]()
        try:
            look_up("wrong")
        except Failure as error:
            found += [error.reason, error.details, error.retry]
        try:
            look_up("gone")
        except CachedCallFailed as error:
            found += [str(error), error.type, "KeyError: 'gone'" in (error.traceback or "")]
        await step("on")
        return found

    history = begin(looking)
    history.decide()
    history.complete("3", "on")
    assert history.result() == [
        *["no such thing", {"what": "wrong"}, False],
        *["look_up failed: KeyError: 'gone'", "KeyError", True],
    ]
    assert calls == ["wrong", "gone"]


def test_activities_called_by_a_cached_function_just_run(begin: Begin) -> None:
    @cached
    def look_up() -> str:
        return step("here")  # type: ignore[return-value]

    @flow
    async def looking() -> str:
        return look_up()

    assert begin(looking).result() == "here"


def test_outside_of_a_workflow_a_cached_function_is_just_called() -> None:
    @cached
    def look_up() -> int:
        return 7

    assert look_up() == 7


def test_only_plain_functions_are_cached() -> None:
    async def look_up() -> None: ...

    with pytest.raises(TypeError, match="look_up is async; make it an activity"):
        cached(look_up)


def test_a_cached_call_that_the_history_does_not_know_is_not_made_in_a_replay(
    begin_replayed: Begin,
) -> None:
    calls = list[int]()

    @cached
    def look_up() -> int:
        calls.append(1)
        return 1

    is_changed = [False]

    @flow
    async def looking() -> str:
        if is_changed[0]:
            look_up()
        return await step("one")

    history = begin_replayed(looking)
    history.decide()
    is_changed[0] = True
    history.begin_decision()
    with pytest.raises(NonDeterminismError) as caught:
        history.decisions()
    assert caught.value.expected is not None
    assert "ScheduleActivityTask Step" in caught.value.expected
    assert caught.value.actual == "RecordMarker swflow.cached with look_up, call 1"
    assert calls == []


def test_random_numbers_are_the_executions_own_and_the_same_in_every_replay(
    begin: Begin,
) -> None:
    seen = list[list[object]]()

    @flow
    async def rolling() -> None:
        rolled: list[object] = [random().randint(1, 10**9), uuid4()]
        await step("between")
        rolled += [random().random(), uuid4(), random().sample(range(100), 3)]
        seen.append(rolled)
        await step("again")

    for _ in range(2):
        history = begin(rolling)
        assert history.asked() == ["RecordMarker swflow.cached", "ScheduleActivityTask 2"]
        history.complete("2", "between")
        history.decide()
        history.begin_decision()
        history.decisions()
    assert len({json.dumps(each, default=str) for each in seen}) == 2


def test_a_uuid_is_a_version_4_one(begin: Begin) -> None:
    @flow
    async def naming() -> int | None:
        return uuid4().version

    assert begin(naming).result() == 4


class TestPatched:
    """Code that changes under running executions."""

    def test_a_new_execution_goes_the_new_way(self, begin: Begin) -> None:
        @flow
        async def changed() -> str:
            first = await step("new" if patched("second step") else "old")
            second = await step("new" if patched("second step") else "old")
            return first + second

        history = begin(changed)
        assert history.asked() == ["RecordMarker swflow.patched", "ScheduleActivityTask 1"]
        history.complete("1", "a")
        assert history.asked() == ["ScheduleActivityTask 2"]
        history.complete("2", "b")
        assert history.result() == "ab"

    def test_an_execution_that_was_there_already_goes_the_old_way_to_its_end(
        self, begin_replayed: Begin
    ) -> None:
        is_changed = [False]

        @flow
        async def changing() -> str:
            is_new = is_changed[0] and patched("rename")
            await step("new" if is_new else "old")
            is_new = is_changed[0] and patched("rename")
            return await step("newer" if is_new else "older")

        history = begin_replayed(changing)
        history.decide()
        is_changed[0] = True
        history.complete("1", "a")
        (decision,) = history.decide()
        says = decision["scheduleActivityTaskDecisionAttributes"]
        assert json.loads(says["input"])["args"] == ["older"]
        history.complete("2", "b")
        assert history.result() == "b"

    def test_an_execution_that_had_not_come_there_goes_the_new_way(
        self, begin_replayed: Begin
    ) -> None:
        is_changed = [False]

        @flow
        async def changing() -> str:
            await step("first")
            if is_changed[0] and patched("a step more"):
                await step("more")
            return await step("last")

        history = begin_replayed(changing)
        history.decide()
        is_changed[0] = True
        history.complete("1", "a")
        assert history.asked() == ["RecordMarker swflow.patched", "ScheduleActivityTask 2"]
        history.complete("2", "b")
        assert history.asked() == ["ScheduleActivityTask 3"]
        history.complete("3", "c")
        assert history.result() == "c"

    def test_the_question_can_be_taken_out_again(self, begin_replayed: Begin) -> None:
        asks = [True]

        @flow
        async def changing() -> str:
            if asks[0]:
                patched("rename")
            return await step("new")

        history = begin_replayed(changing)
        history.decide()
        asks[0] = False
        history.complete("1", "done")
        assert history.result() == "done"


def test_a_marker_is_for_people(begin: Begin) -> None:
    @flow
    async def noting() -> str:
        marker("halfway", {"at": datetime(2026, 1, 1, tzinfo=UTC)})
        return await step("on")

    history = begin(noting)
    decision, _ = history.decide()
    assert decision["recordMarkerDecisionAttributes"] == {
        "markerName": "halfway",
        "details": '{"at":"2026-01-01T00:00:00Z"}',
    }
    history.complete("1", "on")
    assert history.result() == "on"


def test_markers_named_as_swflows_own_are_refused(begin: Begin) -> None:
    @flow
    async def noting() -> None:
        marker("swflow.cached")

    reason, _ = begin(noting).failure()
    assert "are swflow's own" in reason


@pytest.mark.parametrize("use", [random, uuid4, lambda: patched("x"), lambda: marker("x")])
def test_they_are_for_workflows(use: Callable[[], object]) -> None:
    with pytest.raises(SwflowError, match="no workflow is running here"):
        use()
