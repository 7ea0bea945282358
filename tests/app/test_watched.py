"""A watch beside a fleet's loop sees every look, whatever comes of it, and changes nothing about it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import cast

import pytest

from controller.app.watched import Watch, WatchedLoop
from controller.domain.errors import LeaseLost
from controller.domain.laps import Lap, lap
from controller.loop import FleetLoop, Tick
from controller.record.memory_outbox import MemoryOutbox
from tests.support.virtual import START, VirtualClock, run

LOOKED = Tick("web", "8 instances: 8 healthy", START, counts={"healthy": 8})


class Fleet:
    """Stands for a FleetLoop: one call, then what it is told."""

    fleet = "web"

    def __init__(self, clock: VirtualClock, play: Tick | Exception) -> None:
        self._clock, self._play = clock, play
        self.stopped: list[float] = []

    async def tick(self) -> Tick:
        with lap(self._clock, "ec2.DescribeInstances", is_call=True):
            await self._clock.sleep(2)
        if isinstance(self._play, Exception):
            raise self._play
        return self._play

    async def stop(self, within_seconds: float) -> None:
        self.stopped.append(within_seconds)


class Seen:
    def __init__(self) -> None:
        self.laps: list[tuple[str, str]] = []
        self.outcomes: list[tuple[str, str]] = []
        self.spans = MemoryOutbox()

    def watch(self, clock: VirtualClock) -> Watch:
        def on_lap(fleet: str, item: Lap) -> None:
            self.laps.append((fleet, item.name))

        return Watch("me", clock, on_lap, lambda fleet, outcome, at: self.outcomes.append((fleet, outcome)), self.spans)


Story = Callable[[VirtualClock], Awaitable[Tick]]


def run_story(story: Story) -> Tick | None:
    return run(story)


def looked(seen: Seen, play: Tick | Exception) -> Story:
    async def story(clock: VirtualClock) -> Tick:
        watched = WatchedLoop(cast(FleetLoop, Fleet(clock, play)), seen.watch(clock))
        try:
            return await watched.tick()
        finally:
            assert [body for _, body, _ in await seen.spans.pending(9)] != []

    return story


@pytest.mark.parametrize(
    ("play", "outcome"),
    [
        (LOOKED, "looked"),
        (replace(LOOKED, standby=True, looked=False), "standby"),
        (replace(LOOKED, looked=False), "blocked"),
    ],
)
def test_a_look_is_passed_on_as_it_is(play: Tick, outcome: str) -> None:
    seen = Seen()
    assert run_story(looked(seen, play)) is play
    assert seen.outcomes == [("web", outcome)]
    assert seen.laps == [("web", "ec2.DescribeInstances")]


def test_an_error_is_passed_on_too() -> None:
    seen = Seen()
    with pytest.raises(LeaseLost):
        run_story(looked(seen, LeaseLost("another owns it")))
    assert seen.outcomes == [("web", "error")]
