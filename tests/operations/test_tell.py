"""Holds are placed and ended as a person said, or not at all."""

from datetime import timedelta

import pytest

from controller.domain.errors import RepaveError
from controller.domain.memory import Memory
from controller.domain.model import Hold
from controller.domain.ports import TickRecord
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.operations import tell
from controller.operations.nearest import NotFound
from tests.journal.material import accepted, begun, following, happy, lease_of
from tests.support.virtual import START, VirtualClock, run


def in_memory() -> JournalAdapter:
    return JournalAdapter(SqlJournal.open("sqlite:///:memory:", None))


def test_a_hold_says_who_why_and_until_when() -> None:
    async def main(clock: VirtualClock) -> None:
        journal = in_memory()
        placed = await tell.hold(journal, clock, "fleet:web", 7200, " a\nreason ", "alice")
        assert (placed.reason, placed.by, placed.created_at) == ("a reason", "alice", START)
        assert placed.expires_at == START + timedelta(hours=2)
        assert await journal.holds(clock.now()) == (placed,)
        assert (await tell.hold(journal, clock, "all", None, "x", "bob")).expires_at is None

    run(main)


@pytest.mark.parametrize(
    ("seconds", "reason"), [(60, ""), (60, " \n "), (60, "x" * (tell.LONGEST_REASON + 1)), (0, "x"), (-1, "x")]
)
def test_a_hold_that_makes_no_sense_is_refused(seconds: float, reason: str) -> None:
    async def main(clock: VirtualClock) -> None:
        journal = in_memory()
        with pytest.raises(RepaveError, match="a hold"):
            await tell.hold(journal, clock, "all", seconds, reason, "alice")
        assert await journal.holds(clock.now()) == ()

    run(main)


def test_scopes() -> None:
    async def main(clock: VirtualClock) -> None:
        journal = in_memory()
        lease = await lease_of(journal)
        report = {"instances": [{"id": "i-seen"}]}
        await journal.record_tick(TickRecord("web", START, "", Memory(), report), lease)
        await begun(journal, lease, accepted(predecessor="i-old"))
        await journal.append(following("r-1", 1, happy("i-new")[:4]), lease)
        await journal.hold(Hold("instance:i-gone", "x", "ana", START))
        for target in ("i-seen", "i-old", "i-new", "i-gone"):
            assert await tell.scope_of(journal, clock, target, ["web"]) == f"instance:{target}"
        assert await tell.scope_of(journal, clock, "all", ["web"]) == "all"
        assert await tell.scope_of(journal, clock, "web", ["web"]) == "fleet:web"
        with pytest.raises(NotFound, match="no fleet or instance 'al'; the nearest is all"):
            await tell.scope_of(journal, clock, "al", ["web"])
        with pytest.raises(NotFound, match="no fleet or instance 'i-nex'; the nearest are i-new"):
            await tell.scope_of(journal, clock, "i-nex", ["web"])

    run(main)


def test_resume_tells_what_is_left() -> None:
    async def main(clock: VirtualClock) -> None:
        journal = in_memory()
        everything = await tell.hold(journal, clock, "all", None, "incident", "alice")
        await tell.hold(journal, clock, "fleet:web", None, "migration", "bob")
        assert await tell.resume(journal, clock, "fleet:web", "bob") == (1, (everything,))
        assert await tell.resume(journal, clock, "all", "alice") == (1, ())
        assert await tell.resume(journal, clock, "all", "alice") == (0, ())

    run(main)
