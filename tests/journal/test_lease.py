import pytest

from controller.domain.errors import LeaseLost
from controller.domain.lifecycle import Kind, Step
from controller.domain.memory import Memory
from controller.domain.model import Breaker
from controller.domain.ports import Lease, TickRecord
from controller.journal.adapter import JournalAdapter
from tests.journal.material import ROOMY, accepted, begun, following, later


async def taken(journal: JournalAdapter, owner: str, seconds: float, ttl_seconds: float = 30) -> Lease:
    lease = await journal.acquire("web", owner, ttl_seconds, later(seconds))
    assert lease is not None
    return lease


async def test_only_one_owner_has_it_until_it_runs_out(journal: JournalAdapter) -> None:
    first = await taken(journal, "d-1", 0)
    assert first.expires_at == later(30)
    assert await journal.acquire("web", "d-2", 30, later(29.999)) is None
    second = await taken(journal, "d-2", 30)
    assert (second.owner, second.token) == ("d-2", first.token + 1)
    assert await journal.acquire("web", "d-1", 30, later(31)) is None


async def test_renewing_keeps_the_token(journal: JournalAdapter) -> None:
    first = await taken(journal, "d-1", 0)
    renewed = await taken(journal, "d-1", 20)
    assert renewed == Lease("web", "d-1", first.token, later(50))
    assert await journal.holder("web") == renewed


async def test_taking_our_own_lease_again_after_it_ran_out_makes_the_token_grow(journal: JournalAdapter) -> None:
    first = await taken(journal, "d-1", 0)
    again = await taken(journal, "d-1", 30)
    assert again.token == first.token + 1


async def test_a_clock_that_goes_back_never_shortens_a_lease(journal: JournalAdapter) -> None:
    await taken(journal, "d-1", 20)
    assert (await taken(journal, "d-1", 0)).expires_at == later(50)
    assert await journal.acquire("web", "d-2", 30, later(40)) is None


async def test_releasing_lets_another_in_at_once_and_the_token_goes_on_growing(journal: JournalAdapter) -> None:
    first = await taken(journal, "d-1", 0)
    await journal.release(first)
    second = await taken(journal, "d-2", 1)
    assert second.token == first.token + 1
    await journal.release(first)  # not ours any more
    assert await journal.holder("web") == second


async def test_releasing_an_older_token_leaves_our_newer_lease_alone(journal: JournalAdapter) -> None:
    stale = await taken(journal, "d-1", 0)
    fresh = await taken(journal, "d-1", 60)
    await journal.release(stale)
    assert await journal.holder("web") == fresh


async def test_a_released_lease_gives_no_right(journal: JournalAdapter) -> None:
    lease = await taken(journal, "d-1", 0)
    await journal.release(lease)
    with pytest.raises(LeaseLost):
        await journal.accept(accepted(), lease, ROOMY)


async def test_fleets_have_leases_of_their_own(journal: JournalAdapter) -> None:
    await taken(journal, "d-1", 0)
    assert await journal.holder("api") is None
    assert await journal.acquire("api", "d-2", 30, later(0)) is not None


async def write_everything(journal: JournalAdapter, lease: Lease, seconds: float) -> list[str]:
    """What each write that takes a lease says to this one."""
    at = later(seconds)
    writes = {
        "accept": journal.accept(accepted("r-2", predecessor="i-2", at=at), lease, ROOMY),
        "append": journal.append(following("r-1", 1, [(Kind.STARTED, Step.LAUNCH, {})], at), lease),
        "record_tick": journal.record_tick(TickRecord("web", at, "Looked.", Memory(), {}), lease),
        "open_breaker": journal.open_breaker(Breaker("web", "aged", "no better", at), lease),
        "close_breaker": journal.close_breaker(Breaker("web", "aged", "no better", at), "proof", at, lease),
    }
    refused = []
    for name, write in writes.items():
        try:
            await write
        except LeaseLost:
            refused.append(name)
    return refused


ALL_WRITES = ["accept", "append", "record_tick", "open_breaker", "close_breaker"]


async def test_no_write_passes_under_a_lease_that_another_took_over(journal: JournalAdapter) -> None:
    stale = await taken(journal, "d-1", 0)
    await begun(journal, stale)
    fresh = await taken(journal, "d-2", 30)
    # The old owner's clock runs behind: by its own time the lease is still good.
    assert await write_everything(journal, stale, 10) == ALL_WRITES
    assert len(await journal.events("r-1")) == 1
    assert await journal.reports() == ()
    assert await journal.breakers("web") == ()
    assert await write_everything(journal, fresh, 31) == []


async def test_no_write_passes_under_an_older_token_of_our_own(journal: JournalAdapter) -> None:
    stale = await taken(journal, "d-1", 0)
    await begun(journal, stale)
    fresh = await taken(journal, "d-1", 60)
    assert await write_everything(journal, stale, 61) == ALL_WRITES
    assert await write_everything(journal, fresh, 61) == []


async def test_no_write_passes_under_a_lease_that_ran_out(journal: JournalAdapter) -> None:
    lease = await taken(journal, "d-1", 0)
    await begun(journal, lease)
    assert await write_everything(journal, lease, 30) == ALL_WRITES
    assert await write_everything(journal, lease, 29.999) == []


async def test_no_write_passes_under_the_lease_of_another_fleet(journal: JournalAdapter) -> None:
    mine = await taken(journal, "d-1", 0)
    await begun(journal, mine)
    other = await journal.acquire("api", "d-1", 30, later(0))
    assert other is not None
    assert await write_everything(journal, other, 1) == ALL_WRITES


async def test_a_lease_that_nobody_ever_gave_is_worth_nothing(journal: JournalAdapter) -> None:
    with pytest.raises(LeaseLost, match="nobody has it"):
        await journal.accept(accepted(), Lease("web", "d-1", 1, later(30)), ROOMY)
