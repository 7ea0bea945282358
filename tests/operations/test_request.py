"""What a person says is carried out, or refused in one line that names what was probably meant."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from controller.domain.errors import Conflict, RepaveError
from controller.domain.lifecycle import Kind, Step
from controller.domain.memory import Memory
from controller.domain.policy import Mode, Policy
from controller.domain.ports import Lease, TickRecord
from controller.domain.request import STANDS_FOR, RequestState
from controller.journal.adapter import JournalAdapter
from controller.operations import look, request
from controller.operations.nearest import NotFound
from tests.journal.material import accepted, begun, following, happy, later, lease_of
from tests.journal.test_requests import proposal
from tests.operations.test_tell import in_memory
from tests.support.builders import policy
from tests.support.virtual import START, VirtualClock, run

FLEETS: dict[str, Policy] = {"web": policy(), "watched": policy(fleet="watched", mode=Mode.OBSERVE)}


def seen(fleet: str, *ids: str, **more: Any) -> TickRecord:
    report = {"instances": [{"id": instance_id, "verdict": "healthy"} for instance_id in ids]}
    return TickRecord(fleet, START, "", Memory(), report, **more)


def on(main: Callable[[JournalAdapter, VirtualClock, Lease], Awaitable[None]]) -> None:
    """With a journal in which `web` was seen with i-old, which r-1 proposes, and i-2; and `watched` with i-3."""

    async def body(clock: VirtualClock) -> None:
        journal = in_memory()
        lease = await lease_of(journal)
        await journal.record_tick(seen("web", "i-old", "i-2", proposed=(proposal(),)), lease)
        await journal.record_tick(seen("watched", "i-3"), await lease_of(journal, "watched"))
        await main(journal, clock, lease)

    run(body)


def test_a_yes_carries_its_name() -> None:
    async def main(journal: JournalAdapter, clock: VirtualClock, lease: Lease) -> None:
        approved = await request.approve(journal, clock, "r-1", "ana")
        assert (approved.state(START), approved.approved_by) == (RequestState.APPROVED, "ana")
        with pytest.raises(Conflict, match="approved already, by ana"):
            await request.approve(journal, clock, "r-1", "ana")

    on(main)


def test_a_yes_to_nothing_names_what_waits_for_one() -> None:
    async def main(journal: JournalAdapter, clock: VirtualClock, lease: Lease) -> None:
        with pytest.raises(NotFound, match="no proposal 'r-11'; the nearest is r-1"):
            await request.approve(journal, clock, "r-11", "ana")
        await begun(journal, lease, accepted("r-7", predecessor="i-2"))
        with pytest.raises(Conflict, match="r-7 is a replacement already, and needs no approval"):
            await request.approve(journal, clock, "r-7", "ana")

    on(main)


def test_an_abort_says_what_comes_of_it() -> None:
    async def main(journal: JournalAdapter, clock: VirtualClock, lease: Lease) -> None:
        assert (await request.abort(journal, clock, "r-1", "ana")).sentence == "r-1 is off: i-old of web stays"
        await begun(journal, lease, accepted("r-7", predecessor="i-2"))
        turned = await request.abort(journal, clock, "r-7", "ana", " not\nnow ")
        assert turned.sentence == "r-7 will be undone before its next call: i-2 of web stays"
        word = await journal.aborted("r-7")
        assert word is not None
        assert word.sentence() == "aborted by ana: not now"
        with pytest.raises(NotFound, match="no replacement 'r-8'; the nearest are r-"):
            await request.abort(journal, clock, "r-8", "ana")

    on(main)


def test_an_abort_of_what_is_on_its_way_back_says_so() -> None:
    async def main(journal: JournalAdapter, clock: VirtualClock, lease: Lease) -> None:
        await begun(journal, lease, accepted("r-7", predecessor="i-2"))
        await journal.append(following("r-7", 1, happy("i-new")[:1]), lease)
        await journal.append(following("r-7", 2, [(Kind.FAILED, Step.LAUNCH, {"reason": "x"})]), lease)
        assert "is being undone already" in (await request.abort(journal, clock, "r-7", "ana")).sentence

    on(main)


def test_a_wish_is_a_yes_at_once() -> None:
    async def main(journal: JournalAdapter, clock: VirtualClock, lease: Lease) -> None:
        await clock.sleep(1)
        wish = await request.replace(journal, clock, "i-2", " odd\nnoises", "ana", FLEETS)
        assert (wish.fleet, wish.causes, wish.reason, wish.by) == ("web", ("requested",), "odd noises", "ana")
        assert (wish.approved_by, wish.expires_at) == ("ana", clock.now() + STANDS_FOR)
        assert await journal.requests(clock.now()) == (proposal(), wish)
        rows = (await look.requests(journal, clock))["requests"]
        assert {row["id"]: row["state"] for row in rows} == {"r-1": "proposed", wish.id: "approved"}
        document = await look.replacements(journal, clock, str)
        assert [row["id"] for row in document["requests"]] == ["r-1", wish.id]

    on(main)


@pytest.mark.parametrize(
    ("instance_id", "reason", "words"),
    [
        ("i-oldd", "x", "no instance 'i-oldd'; the nearest is i-old"),
        ("i-old", " ", "a replacement needs a reason of 1 to 500 characters"),
        ("i-old", "x" * 501, "a replacement needs a reason"),
        ("i-3", "x", "the mode of watched is observe: Repave does not act on i-3, whoever asks"),
    ],
)
def test_a_wish_that_cannot_be(instance_id: str, reason: str, words: str) -> None:
    async def main(journal: JournalAdapter, clock: VirtualClock, lease: Lease) -> None:
        with pytest.raises(RepaveError) as caught:
            await request.replace(journal, clock, instance_id, reason, "ana", FLEETS)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(await journal.requests(START)) == 1

    on(main)


def test_a_wish_for_an_instance_that_is_under_way_names_its_replacement() -> None:
    async def main(journal: JournalAdapter, clock: VirtualClock, lease: Lease) -> None:
        await begun(journal, lease, accepted("r-7", predecessor="i-2"))
        with pytest.raises(Conflict, match="i-2 belongs to r-7 already"):
            await request.replace(journal, clock, "i-2", "x", "ana", FLEETS)

    on(main)


def test_before_any_look_nothing_can_be_wished_for() -> None:
    async def main(clock: VirtualClock) -> None:
        with pytest.raises(NotFound, match="no daemon has seen a fleet yet"):
            await request.replace(in_memory(), clock, "i-1", "x", "ana", FLEETS)

    assert later(0) == START
    run(main)
