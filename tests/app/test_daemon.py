"""Ticks come when they are due, never two at once for one fleet, and no error of a tick ends the daemon."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from controller.app.daemon import LONGEST_TICK_SECONDS, Daemon, Exit
from controller.app.heartbeat import Heartbeat
from controller.domain.errors import PlatformError
from controller.loop import FleetLoop, Tick
from tests.support.virtual import START, VirtualClock, run

Work = Callable[[], Awaitable[None]]


class Timers:
    """The Schedule port on virtual time."""

    def __init__(self, fire: Callable[[str], None]) -> None:
        self._fire = fire
        self._set: dict[str, asyncio.TimerHandle] = {}

    def at(self, fleet: str, when: datetime) -> None:
        loop = asyncio.get_running_loop()
        if fleet in self._set:
            self._set[fleet].cancel()
        self._set[fleet] = loop.call_at((when - START).total_seconds(), self._fire, fleet)


class Fleet:
    """Stands for a FleetLoop: plays what it is told, tick by tick, the last for ever.

    plays: a Tick (its next_look_at is set here, `pause_seconds` after the tick), or an error. work: what a tick does.
    """

    def __init__(self, clock: VirtualClock, plays: Sequence[Tick | Exception], pause_seconds: float = 30) -> None:
        self._clock = clock
        self._plays = list(plays)
        self._pause = timedelta(seconds=pause_seconds)
        self.work: Work | None = None
        self.began: list[float] = []
        self.running = 0
        self.most_at_once = 0

    async def tick(self) -> Tick:
        self.began.append((self._clock.now() - START).total_seconds())
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            if self.work:
                await self.work()
        finally:
            self.running -= 1
        play = self._plays.pop(0) if len(self._plays) > 1 else self._plays[0]
        if isinstance(play, Exception):
            raise play
        return replace(play, next_look_at=self._clock.now() + self._pause)


BUSY = Tick("web", "busy", START)
SETTLED = Tick("web", "settled", START, settled=True)


class Stage:
    """A daemon over played fleets."""

    def __init__(self, clock: VirtualClock, tick_seconds: float = 30) -> None:
        self.ticks: list[Tick] = []
        self.measured: list[float] = []
        self.heartbeat = Heartbeat(clock)
        self.daemon = Daemon(
            clock, self.heartbeat, tick_seconds, lambda _, seconds: self.measured.append(seconds), self.ticks.append
        )

    async def run(self, **fleets: Fleet) -> None:
        await self._run(fleets, until_settled=False)

    async def run_until_settled(self, **fleets: Fleet) -> Exit | None:
        return await self._run(fleets, until_settled=True)

    async def _run(self, fleets: dict[str, Fleet], until_settled: bool) -> Exit | None:
        loops = {name: cast(FleetLoop, fleet) for name, fleet in fleets.items()}
        return await self.daemon.run(loops, Timers(self.daemon.wake), until_settled=until_settled)

    async def run_for(self, seconds: float, clock: VirtualClock, **fleets: Fleet) -> None:
        async def stop() -> None:
            await clock.sleep(seconds)
            self.daemon.stop()

        async with asyncio.TaskGroup() as group:
            group.create_task(stop())
            group.create_task(self.run(**fleets))


def test_each_fleet_is_looked_at_when_its_last_tick_said() -> None:
    async def main(clock: VirtualClock) -> None:
        web, api = Fleet(clock, [BUSY], 30), Fleet(clock, [BUSY], 45)
        stage = Stage(clock)
        await stage.run_for(100, clock, web=web, api=api)
        assert web.began == [0, 30, 60, 90]
        assert api.began == [0, 45, 90]

    run(main)


def test_a_slow_tick_is_not_overtaken_by_its_own_alarm_or_by_a_wake() -> None:
    async def main(clock: VirtualClock) -> None:
        web, stage = Fleet(clock, [BUSY], 1000), Stage(clock)

        async def slow() -> None:
            if len(web.began) == 1:
                await clock.sleep(10)
                stage.daemon.wake("web")
                stage.daemon.wake("web")
            await clock.sleep(40)

        web.work = slow
        await stage.run_for(120, clock, web=web)
        assert web.most_at_once == 1
        assert web.began == [0, 50], "woken twice in the middle, it is looked at once more, and right after"
        assert stage.measured == [50, 40]

    run(main)


def test_a_wake_comes_before_the_alarm() -> None:
    async def main(clock: VirtualClock) -> None:
        web, stage = Fleet(clock, [BUSY], 30), Stage(clock)

        async def wake() -> None:
            await clock.sleep(12)
            stage.daemon.wake("web")

        async with asyncio.TaskGroup() as group:
            group.create_task(wake())
            group.create_task(stage.run_for(50, clock, web=web))
        assert web.began == [0, 12, 42], "the alarm set before the wake does not fire any more"

    run(main)


def test_an_error_is_a_sentence_and_a_longer_and_longer_pause() -> None:
    async def main(clock: VirtualClock) -> None:
        boom, good = RuntimeError("a bug"), BUSY
        web, stage = Fleet(clock, [boom, boom, boom, good, boom, good], 30), Stage(clock)
        await stage.run_for(500, clock, web=web)
        assert web.began[:7] == [0, 30, 90, 210, 240, 270, 300], "30, 60, 120 s; and from the start after a success"
        assert stage.ticks[0].sentence == "could not finish looking: RuntimeError: a bug; again in 30 s"
        assert not stage.ticks[0].settled

    run(main)


def test_the_pause_after_errors_has_an_end() -> None:
    async def main(clock: VirtualClock) -> None:
        web, stage = Fleet(clock, [PlatformError("no")], 30), Stage(clock)
        await stage.run_for(2000, clock, web=web)
        gaps = [later - earlier for earlier, later in zip(web.began, web.began[1:], strict=False)]
        assert max(gaps) == gaps[-1] == 300

    run(main)


def test_a_tick_that_hangs_is_cut_off() -> None:
    async def main(clock: VirtualClock) -> None:
        web, stage = Fleet(clock, [BUSY], 30), Stage(clock)

        async def hang() -> None:
            if len(web.began) == 1:
                await asyncio.Event().wait()

        web.work = hang
        await stage.run_for(LONGEST_TICK_SECONDS + 50, clock, web=web)
        assert web.began == [0, LONGEST_TICK_SECONDS + 30]
        assert "it took too long" in stage.ticks[0].sentence

    run(main)


def test_one_broken_fleet_does_not_stop_the_others() -> None:
    async def main(clock: VirtualClock) -> None:
        web, api = Fleet(clock, [RuntimeError("a bug")]), Fleet(clock, [BUSY], 30)
        await Stage(clock).run_for(100, clock, web=web, api=api)
        assert api.began == [0, 30, 60, 90]

    run(main)


def test_stop_lets_a_tick_finish_and_begins_no_other() -> None:
    async def main(clock: VirtualClock) -> None:
        web, stage = Fleet(clock, [BUSY], 30), Stage(clock)
        web.work = lambda: clock.sleep(20)
        await stage.run_for(60, clock, web=web)
        assert web.began == [0, 50]
        assert len(stage.ticks) == 2, "the second was under way when stop came, and was finished"

    run(main)


def test_until_settled_waits_for_every_fleet() -> None:
    async def main(clock: VirtualClock) -> None:
        web, api = Fleet(clock, [SETTLED], 40), Fleet(clock, [BUSY, BUSY, SETTLED], 45)
        assert await Stage(clock).run_until_settled(web=web, api=api) is Exit.SETTLED
        assert api.began == [0, 45, 90]
        assert web.began == [0, 40, 80], "a settled fleet is still watched"

    run(main)


def test_until_settled_tells_how_it_ended() -> None:
    async def ends(clock: VirtualClock, **fleets: Tick) -> Exit | None:
        played = {name: Fleet(clock, [tick]) for name, tick in fleets.items()}
        return await Stage(clock).run_until_settled(**played)

    async def main(clock: VirtualClock) -> None:
        failed, broken = replace(SETTLED, failed=1), replace(SETTLED, breaker_open=True)
        held = replace(BUSY, held_in_flight=True)
        assert (Exit.SETTLED.value, await ends(clock, web=SETTLED)) == (0, Exit.SETTLED)
        assert await ends(clock, web=failed) == 1
        assert await ends(clock, web=broken, api=SETTLED) == 1
        assert await ends(clock, web=held, api=SETTLED) == 3
        assert await ends(clock, web=held, api=failed) == 3

    run(main)


def test_a_fleet_that_could_not_be_looked_at_or_is_anothers_is_not_settled() -> None:
    async def main(clock: VirtualClock) -> None:
        standby = replace(BUSY, standby=True)
        web = Fleet(clock, [RuntimeError("a bug"), standby, standby, SETTLED], 30)
        assert await Stage(clock).run_until_settled(web=web) is Exit.SETTLED
        assert len(web.began) == 4

    run(main)


def test_the_heart_beats_with_the_ticks() -> None:
    async def main(clock: VirtualClock) -> None:
        web, stage = Fleet(clock, [BUSY], 30), Stage(clock)
        web.work = asyncio.Event().wait  # type: ignore[assignment]  # hangs for ever

        async def look() -> None:
            await clock.sleep(LONGEST_TICK_SECONDS - 1)
            assert stage.heartbeat.answer().good, "a tick may take its time"

        async with asyncio.TaskGroup() as group:
            group.create_task(look())
            group.create_task(stage.run_for(LONGEST_TICK_SECONDS, clock, web=web))

    run(main)


def test_a_fleet_that_is_added_is_looked_at_at_once_and_the_others_go_on() -> None:
    async def main(clock: VirtualClock) -> None:
        web, api, stage = Fleet(clock, [BUSY], 30), Fleet(clock, [BUSY], 30), Stage(clock)

        async def add() -> None:
            await clock.sleep(40)
            stage.daemon.add("api", cast(FleetLoop, api))

        async with asyncio.TaskGroup() as group:
            group.create_task(add())
            group.create_task(stage.run_for(100, clock, web=web))
        assert web.began == [0, 30, 60, 90]
        assert api.began == [40, 70]

    run(main)


def test_a_fleet_that_is_removed_ends_its_look_first_and_is_not_missed() -> None:
    async def main(clock: VirtualClock) -> None:
        web, api, stage = Fleet(clock, [BUSY], 30), Fleet(clock, [BUSY], 30), Stage(clock)
        gone_at: list[float] = []

        async def slow() -> None:
            await clock.sleep(20)

        async def remove() -> None:
            await clock.sleep(10)
            await stage.daemon.remove("api")
            gone_at.append((clock.now() - START).total_seconds())

        api.work = slow
        async with asyncio.TaskGroup() as group:
            group.create_task(remove())
            group.create_task(stage.run_for(500, clock, web=web, api=api))
        assert (gone_at, api.began) == ([20], [0])
        assert len(web.began) == 17
        assert stage.heartbeat.answer().good, "nobody waits for its next look"

    run(main)


def test_every_fleet_may_go_and_another_come() -> None:
    async def main(clock: VirtualClock) -> None:
        web, api, stage = Fleet(clock, [BUSY], 30), Fleet(clock, [BUSY], 30), Stage(clock)

        async def swap() -> None:
            await clock.sleep(10)
            await stage.daemon.remove("web")
            await clock.sleep(10)
            stage.daemon.add("api", cast(FleetLoop, api))

        async with asyncio.TaskGroup() as group:
            group.create_task(swap())
            group.create_task(stage.run_for(100, clock, web=web))
        assert (web.began, api.began) == ([0], [20, 50, 80])

    run(main)


def test_settled_counts_the_fleets_that_are_there() -> None:
    async def main(clock: VirtualClock) -> None:
        web, api, stage = Fleet(clock, [SETTLED], 30), Fleet(clock, [BUSY], 30), Stage(clock)

        async def remove() -> None:
            await clock.sleep(40)
            await stage.daemon.remove("api")

        async with asyncio.TaskGroup() as group:
            group.create_task(remove())
            ended = group.create_task(stage.run_until_settled(web=web, api=api))
        assert ended.result() is Exit.SETTLED

    run(main)
