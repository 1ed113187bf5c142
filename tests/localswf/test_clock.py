"""The clocks' alarms."""

import asyncio

import pytest

from localswf.clock import VirtualClock, WallClock


def test_a_wall_clocks_alarm_rings() -> None:
    async def use() -> bool:
        clock, rung = WallClock(), asyncio.Event()
        clock.set_alarm(clock.now() + 10, rung.set)
        return await asyncio.wait_for(rung.wait(), 20)

    assert asyncio.run(use())


def test_a_wall_clock_has_one_alarm() -> None:
    async def use() -> list[str]:
        clock, rung = WallClock(), []
        for name in ("first", "second"):
            clock.set_alarm(clock.now(), lambda name=name: rung.append(name))
        await asyncio.sleep(0.05)
        clock.set_alarm(clock.now(), lambda: rung.append("third"))
        clock.set_alarm(None, lambda: rung.append("none"))
        await asyncio.sleep(0.05)
        return rung

    assert asyncio.run(use()) == ["second"]


def test_a_virtual_clock_stops_at_every_alarm_on_its_way() -> None:
    clock = VirtualClock(start=0)
    rung = []

    def ring() -> None:
        rung.append(clock.now())
        clock.set_alarm(clock.now() + 400, ring)

    clock.set_alarm(100, ring)
    clock.advance(1)

    assert rung == [100, 500, 900]
    assert clock.now() == 1000


def test_a_virtual_clock_says_when_its_alarm_rings() -> None:
    clock = VirtualClock(0)
    assert clock.alarm is None
    clock.set_alarm(400, lambda: None)
    assert clock.alarm == 400
    clock.advance(1)
    assert clock.alarm is None


def test_a_virtual_clock_does_not_wait_for_nothing() -> None:
    async def use() -> None:
        await VirtualClock().wait(asyncio.get_running_loop().create_future())

    with pytest.raises(RuntimeError, match="no timer is ahead"):
        asyncio.run(use())


def test_a_virtual_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        VirtualClock().advance(-1)
