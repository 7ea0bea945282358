"""New Relic's agent is told how everything stands, and nothing that goes wrong with that ends the daemon."""

from collections.abc import Iterable
from typing import cast

from controller.app.self_watch import SelfWatch
from controller.record.newrelic import Agent
from controller.record.state import State
from tests.support.virtual import VirtualClock, run


class Told:
    def __init__(self) -> None:
        self.events: list[tuple[str, float]] = []
        self.stopped = False

    def event(self, kind: str, facts: dict[str, float]) -> None:
        self.events.append((kind, facts["reading"]))

    def stop(self, within_seconds: float) -> None:
        self.stopped = True


def test_the_state_is_told_twice_a_minute_also_after_a_reading_that_failed() -> None:
    told, readings = Told(), 0

    async def read() -> Iterable[State]:
        nonlocal readings
        readings += 1
        if readings == 2:
            raise RuntimeError("no metrics today")
        return [("RepaveDaemon", {"reading": readings})]

    async def story(clock: VirtualClock) -> None:
        watch = SelfWatch(clock, {}, None, cast(Agent, told))
        watch.report(read)
        await clock.sleep(70)
        await watch.aclose()
        await clock.sleep(70)

    run(story)
    assert told.events == [("RepaveDaemon", 1), ("RepaveDaemon", 3)]
    assert told.stopped


def test_without_an_agent_nothing_is_read() -> None:
    async def read() -> Iterable[State]:
        raise AssertionError("nobody is there to be told")

    async def story(clock: VirtualClock) -> None:
        watch = SelfWatch(clock, {}, None, None)
        watch.report(read)
        await clock.sleep(70)
        await watch.aclose()

    run(story)
