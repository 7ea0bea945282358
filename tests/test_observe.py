"""Seeing: what cannot be read stays in the snapshot as Unknown, and holds nobody up."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from controller.domain.errors import JournalUnavailable, Transient
from controller.domain.model import Declared, Hold, Instance, InstanceState, Inventory, Signal, Snapshot, Unknown
from controller.domain.ports import ProbeRequest
from controller.observe import Observer, Process
from tests.act.stage import Stage
from tests.support.builders import ERRORS, IMAGE_AGE, group, instance, instances, later, policy, signal
from tests.support.virtual import START, VirtualClock, run

Answer = Mapping[str, Signal | Unknown]
MEMBERS = instances(3)


class Answering:
    """A probe that takes its time and answers so, or raises."""

    def __init__(self, clock: VirtualClock, answer: Answer | Exception, seconds: float = 0.0) -> None:
        self._clock, self._answer, self._seconds = clock, answer, seconds
        self.asked: list[ProbeRequest] = []

    async def read(self, request: ProbeRequest) -> Answer:
        self.asked.append(request)
        await self._clock.sleep(self._seconds)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class Standing:
    """A platform that always shows these members, or raises."""

    def __init__(self, members: tuple[Instance, ...] = MEMBERS, error: Exception | None = None) -> None:
        self._members, self._error = members, error

    async def inventory(self) -> Inventory:
        if self._error:
            raise self._error
        return Inventory(later(0), (group(),), self._members)


def fine(members: tuple[Instance, ...] = MEMBERS) -> Answer:
    return {member.id: signal() for member in members}


async def sight(clock: VirtualClock, errors: Any, age: Any, platform: Any = None, journal: Any = None) -> Snapshot:
    probes = {ERRORS.name: errors, IMAGE_AGE.name: age}
    shown: Any = platform or Standing()
    return await Observer(policy(), shown, probes, journal or Stage(clock).book, clock, 20.0).snapshot()


def on_clock(main: Callable[[VirtualClock], Awaitable[None]]) -> None:
    run(main)


def test_every_reading_of_every_probe_is_in_the_snapshot() -> None:
    async def main(clock: VirtualClock) -> None:
        seen = await sight(clock, Answering(clock, fine()), Answering(clock, fine()))
        assert set(seen.signals) == {(member.id, name) for member in MEMBERS for name in ("errors", "max_image_age")}
        assert set(seen.signals.values()) == {signal()}
        assert (seen.fleet, seen.now, seen.observed_from) == ("web", START, START)

    on_clock(main)


def test_a_member_without_a_row_is_unknown() -> None:
    async def main(clock: VirtualClock) -> None:
        seen = await sight(clock, Answering(clock, {"i-1": signal()}), Answering(clock, fine()))
        assert seen.signal("i-1", "errors") == signal()
        assert seen.signal("i-2", "errors") == Unknown("the source has no row for it")

    on_clock(main)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Transient("connection reset"), "errors could not be read: connection reset"),
        (KeyError("status"), "errors is broken: KeyError: 'status'"),
    ],
)
def test_a_probe_that_fails_blinds_its_own_condition_for_all_and_no_other(error: Exception, reason: str) -> None:
    async def main(clock: VirtualClock) -> None:
        seen = await sight(clock, Answering(clock, error), Answering(clock, fine(), seconds=5))
        assert [seen.signal(member.id, "errors") for member in MEMBERS] == [Unknown(reason)] * 3
        assert [seen.signal(member.id, "max_image_age") for member in MEMBERS] == [signal()] * 3

    on_clock(main)


def test_a_probe_that_hangs_is_given_up_after_its_time_and_delays_no_other() -> None:
    async def main(clock: VirtualClock) -> None:
        seen = await sight(clock, Answering(clock, fine(), seconds=1e6), Answering(clock, fine(), seconds=19))
        assert seen.signal("i-1", "errors") == Unknown("errors did not answer within 20 s")
        assert seen.signal("i-1", "max_image_age") == signal()
        assert (seen.now, seen.observed_from) == (later(20), START)

    on_clock(main)


def test_probes_are_asked_all_at_once() -> None:
    async def main(clock: VirtualClock) -> None:
        seen = await sight(clock, Answering(clock, fine(), seconds=15), Answering(clock, fine(), seconds=15))
        assert seen.now == later(15)

    on_clock(main)


def test_who_leaves_is_not_asked_about() -> None:
    async def main(clock: VirtualClock) -> None:
        leaving = (
            instance("i-8", state=InstanceState.TERMINATING),
            instance("i-9", state=InstanceState.DETACHED),
            instance("i-7", state=InstanceState.STANDBY),
        )
        probe = Answering(clock, fine())
        seen = await sight(clock, probe, probe, Standing((*MEMBERS, *leaving)))
        asked = {member.id for member in probe.asked[0].instances}
        assert asked == {"i-1", "i-2", "i-3", "i-7"}
        assert seen.signal("i-8", "errors") == Unknown("not read")
        assert {request.at for request in probe.asked} == {START}

    on_clock(main)


def test_without_an_inventory_there_is_nothing_to_see() -> None:
    async def main(clock: VirtualClock) -> None:
        probe = Answering(clock, fine())
        with pytest.raises(Transient, match="reset"):
            await sight(clock, probe, probe, Standing(error=Transient("reset")))
        assert probe.asked == []

    on_clock(main)


def test_being_cancelled_is_no_unknown() -> None:
    async def main(clock: VirtualClock) -> None:
        hanging = Answering(clock, fine(), seconds=1e6)
        task = asyncio.ensure_future(sight(clock, hanging, hanging))
        await clock.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    on_clock(main)


def test_the_journals_part_is_in_it_and_was_read_before_the_platform() -> None:
    """Else a replacement that ends in between would look like an instance that is gone without one."""

    async def main(clock: VirtualClock) -> None:
        stage, order = Stage(clock), list[str]()
        accepted = await stage.accept()
        await stage.book.hold(Hold("all", "lunch", "ann", clock.now()))

        class Noting:
            def __getattr__(self, name: str) -> Any:
                order.append(name)
                return getattr(stage.book, name)

        class Watching(Standing):
            async def inventory(self) -> Inventory:
                order.append("inventory")
                return await super().inventory()

        probe = Answering(clock, fine())
        seen = await sight(clock, probe, probe, Watching(), Noting())
        assert order.index("open_replacements") < order.index("inventory")
        assert seen.open_replacements == (accepted,)
        assert [hold.scope for hold in seen.holds] == ["all"]
        assert len(seen.history.accepted_at) == 1
        assert (seen.memory.streaks, seen.breakers) == ({}, ())

    on_clock(main)


def test_without_the_journal_nothing_is_seen() -> None:
    async def main(clock: VirtualClock) -> None:
        class Away:
            async def open_replacements(self, fleet: str) -> None:
                raise JournalUnavailable("the disk is full")

        probe = Answering(clock, fine())
        with pytest.raises(JournalUnavailable):
            await sight(clock, probe, probe, journal=Away())

    on_clock(main)


# Guards: rules of the fleet as a whole

GUARD = replace(ERRORS, name="incident")


class Whole(Answering):
    """A probe that answers for the fleet."""

    async def read_fleet(self, request: ProbeRequest) -> Signal | Unknown:
        return (await self.read(request))["fleet"]


@pytest.mark.parametrize(
    ("answer", "seconds", "expected"),
    [
        ({"fleet": signal(2.0)}, 0, signal(2.0)),
        ({"fleet": Unknown("no row")}, 0, Unknown("no row")),
        ({"fleet": signal(2.0)}, 21, Unknown("errors did not answer within 20 s")),
        (Transient("reset", call="prometheus"), 0, Unknown("errors could not be read: reset")),
        (KeyError("x"), 0, Unknown("errors is broken: KeyError: 'x'")),
    ],
)
def test_a_guard_is_asked_about_the_fleet_and_blinds_only_itself(
    answer: Any, seconds: float, expected: Signal | Unknown
) -> None:
    async def main(clock: VirtualClock) -> None:
        probe: Any = Whole(clock, answer, seconds)
        readers = {"errors": Answering(clock, fine()), "incident": probe}
        shown: Any = Standing()
        observer = Observer(policy(ERRORS, guards=(GUARD,)), shown, readers, Stage(clock).book, clock, 20.0)
        seen = await observer.snapshot()
        assert seen.guards == {"incident": expected}
        assert seen.signal("i-1", "errors") == signal()
        assert [request.condition for request in probe.asked] == [GUARD]

    on_clock(main)


def test_sources_with_history_are_asked_for_all_that_is_wanted() -> None:
    async def main(clock: VirtualClock) -> None:
        probe, shown = Answering(clock, fine()), Standing()
        observer = Observer(policy(ERRORS), shown, {"errors": probe}, Stage(clock).book, clock)  # type: ignore[arg-type]
        await observer.snapshot()
        await observer.snapshot(since=later(-900))
        assert [request.span_seconds for request in probe.asked] == [ERRORS.for_seconds, 900.0]

    on_clock(main)


def test_what_is_in_force_is_asked_for_at_each_look() -> None:
    async def main(clock: VirtualClock) -> None:
        in_force = ["old"]
        process = Process(declared=lambda: Declared(in_force[0]))
        probes = {one.name: Answering(clock, fine()) for one in (ERRORS, IMAGE_AGE)}
        observer = Observer(policy(), cast(Any, Standing()), probes, Stage(clock).book, clock, process=process)
        assert (await observer.snapshot()).declared.hash == "old"
        in_force[0] = "new"
        assert (await observer.snapshot()).declared.hash == "new"

    on_clock(main)
