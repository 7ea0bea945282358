"""What errors of the platform and of the journal do to a step: tried again or ended, and our place is never lost."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.errors import (
    Denied,
    Gone,
    JournalUnavailable,
    LeaseLost,
    NoCapacity,
    Permanent,
    PlatformError,
    Throttled,
    Transient,
)
from controller.domain.lifecycle import Kind, Outcome
from controller.domain.replacement import Event
from tests.act.stage import Stage, ended
from tests.support.virtual import START, VirtualClock, run


def test_throttling_is_tried_again_with_longer_and_longer_pauses() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stage.platform.failing["launch"] = [Throttled("slow down"), Throttled("slow down"), Transient("reset")]
        done = await stage.drive(await stage.accept())
        assert ended(done)[0] is Outcome.REPLACED
        assert stage.world.wire[0].at == START + timedelta(seconds=10 + 20 + 40 + stage.world.latency_seconds)

    run(main)


def test_the_pauses_start_over_after_a_good_answer_and_are_never_longer_than_a_minute() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, boot_seconds=0.0)
        stage.platform.failing["await_ready"] = [Transient("reset") for _ in range(5)]
        accepted = await stage.accept()
        await stage.drive(accepted)
        events = await stage.events(accepted)
        waited = next(item for item in events if (item.step, item.kind) == ("await_ready", Kind.SUCCEEDED))
        started = next(item for item in events if (item.step, item.kind) == ("await_ready", Kind.STARTED))
        assert (waited.at - started.at).total_seconds() == 10 + 20 + 40 + 60 + 60

    run(main)


@pytest.mark.parametrize("error", [Throttled("slow down"), Transient("reset")])
def test_trying_again_ends_with_the_deadline(error: PlatformError) -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stage.platform.failing["launch"], stage.platform.for_ever = [error], {"launch"}
        done = await stage.drive(await stage.accept())
        assert ended(done)[:2] == (Outcome.FAILED, "deadline")
        assert str(error) in (done.failure or {})["reason"]
        assert (stage.calls, stage.is_whole()) == ([], True)
        assert (clock.now() - START).total_seconds() == 10 + 20 + 40 + 60

    run(main)


@pytest.mark.parametrize(
    "error",
    [
        NoCapacity("no room", code="InsufficientInstanceCapacity"),
        Permanent("wrong as it stands", code="ValidationError"),
        Denied("not allowed", code="AccessDenied"),
        Gone("no such group", code="NotFound"),
    ],
)
def test_what_cannot_get_better_ends_the_launch_at_once(error: PlatformError) -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stage.platform.failing["launch"] = [error]
        done = await stage.drive(await stage.accept())
        assert ended(done)[:2] == (Outcome.FAILED, error.code)
        assert (done.failure or {})["reason"] == str(error)
        assert stage.platform.asked == ["launch", "undo"]
        assert (stage.calls, stage.is_whole()) == ([], True)

    run(main)


def test_no_room_for_one_more_keeps_the_predecessor() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, capacity=6)
        done = await stage.drive(await stage.accept())
        assert ended(done)[:2] == (Outcome.FAILED, "InsufficientInstanceCapacity")
        assert (stage.calls, stage.is_whole()) == ([], True)

    run(main)


def test_refused_credentials_are_waited_for_once_something_has_begun() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stage.platform.failing["drain"] = [Denied("expired"), Denied("expired")]
        assert ended(await stage.drive(await stage.accept()))[0] is Outcome.REPLACED

    run(main)


def test_what_cannot_get_better_later_turns_back() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stage.platform.failing["terminate"] = [Permanent("wrong", code="ValidationError")]
        done = await stage.drive(await stage.accept())
        assert ended(done)[:2] == (Outcome.FAILED, "ValidationError")
        assert stage.calls == ["launch", "drain", "undrain", "terminate"]
        assert stage.is_whole()

    run(main)


def test_an_undo_is_tried_again_whatever_the_error() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, boot_seconds=1e6)
        stage.platform.failing["undo"] = [Permanent("wrong"), Denied("expired"), Transient("reset")]
        assert ended(await stage.drive(await stage.accept()))[:2] == (Outcome.FAILED, "deadline")
        assert stage.is_whole()

    run(main)


def test_a_fleet_that_cannot_be_seen_before_the_drain_is_waited_for() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        driving = stage.begin(accepted)
        await stage.until(lambda: "baking" in stage.runner.waiting_for.get(accepted.id, ""))
        stage.platform.errors += [Transient("reset"), Throttled("slow down"), Transient("reset")]
        assert ended(await driving)[0] is Outcome.REPLACED

    run(main)


class Shaky:
    """A journal of which some writes fail. lost: which of the appends, counted from 0; written: whether they were
    written before the answer was lost; unread: how often a story cannot be read after that."""

    def __init__(self, journal: Any, lost: frozenset[int], written: bool, unread: int = 0) -> None:
        self._journal, self._lost, self._written, self._count = journal, lost, written, -1
        self._unread, self._away = unread, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def append(self, events: Sequence[Event], lease: Any) -> None:
        self._count += 1
        if self._count not in self._lost:
            await self._journal.append(events, lease)
        else:
            if self._written:
                await self._journal.append(events, lease)
            self._away = self._unread
            raise JournalUnavailable("the connection was reset")

    async def events(self, replacement_id: str) -> Any:
        if self._away:
            self._away -= 1
            raise JournalUnavailable("the connection was refused")
        return await self._journal.events(replacement_id)


@pytest.mark.parametrize("unread", [0, 1])
@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("lost", range(17))
def test_a_journal_that_is_away_for_a_moment_loses_and_doubles_nothing(lost: int, written: bool, unread: int) -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stage.journal = Shaky(stage.book, frozenset({lost}), written, unread)
        accepted = await stage.accept()
        done = await stage.drive(accepted)
        assert ended(done)[0] is Outcome.REPLACED
        assert (stage.calls, stage.is_whole()) == (["launch", "drain", "terminate"], True)
        assert [item.ordinal for item in await stage.events(accepted)] == list(range(done.events))

    run(main)


def test_a_lost_lease_ends_the_driving_where_it_stands() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        driving = stage.begin(accepted)
        await stage.until(lambda: "boots" in stage.runner.waiting_for.get(accepted.id, ""))
        await stage.book.release(stage.tenure.lease())
        assert await stage.book.acquire("web", "another", 3600.0, clock.now())
        with pytest.raises(LeaseLost):
            await driving
        assert stage.runner.waiting_for == {}
        told = await stage.told(accepted)
        await clock.sleep(600)
        assert (stage.calls, await stage.told(accepted)) == (["launch"], told)

    run(main)
