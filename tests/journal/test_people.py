import pytest

from controller.domain.lifecycle import Outcome
from controller.domain.model import Breaker, Hold
from controller.domain.policy import Mode, Policy
from controller.journal.adapter import JournalAdapter
from tests.journal.material import ended, later, lease_of


async def test_a_hold_is_in_force_until_it_expires(journal: JournalAdapter) -> None:
    hold = Hold("fleet:web", "release day", "ana", later(0), later(60))
    await journal.hold(hold)
    assert await journal.holds(later(59)) == (hold,)
    assert await journal.holds(later(60)) == ()


async def test_a_hold_counts_at_once_even_if_its_author_s_clock_runs_ahead(journal: JournalAdapter) -> None:
    await journal.hold(Hold("all", "incident", "ana", later(30)))
    assert len(await journal.holds(later(0))) == 1


async def test_a_hold_replaces_the_one_of_its_scope(journal: JournalAdapter) -> None:
    await journal.hold(Hold("all", "incident", "ana", later(0), later(60)))
    longer = Hold("all", "it goes on", "ben", later(30))
    await journal.hold(longer)
    other = Hold("instance:i-1", "post-mortem", "ben", later(31))
    await journal.hold(other)
    assert await journal.holds(later(90)) == (longer, other)


async def test_an_expired_hold_does_not_stand_in_the_way_of_a_new_one(journal: JournalAdapter) -> None:
    await journal.hold(Hold("all", "incident", "ana", later(0), later(60)))
    new = Hold("all", "again", "ana", later(90))
    await journal.hold(new)
    assert await journal.holds(later(91)) == (new,)


async def test_resume_ends_the_hold_of_its_very_scope_and_counts_it(journal: JournalAdapter) -> None:
    holds = {scope: Hold(scope, "stop", "ana", later(0)) for scope in ("all", "fleet:web", "fleet:api", "instance:i-1")}
    for hold in holds.values():
        await journal.hold(hold)
    assert await journal.resume("fleet:web", "ben", later(1)) == 1
    assert await journal.holds(later(1)) == (holds["all"], holds["fleet:api"], holds["instance:i-1"])
    assert await journal.resume("all", "ben", later(2)) == 1
    assert await journal.holds(later(2)) == (holds["fleet:api"], holds["instance:i-1"])
    assert await journal.resume("all", "ben", later(3)) == 0


async def test_resume_does_not_count_a_hold_that_had_expired(journal: JournalAdapter) -> None:
    await journal.hold(Hold("all", "incident", "ana", later(0), later(60)))
    assert await journal.resume("all", "ana", later(61)) == 0


async def test_a_breaker_stays_as_it_was_opened(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    first = Breaker("web", "aged", "the successor was no better", later(0))
    await journal.open_breaker(first, lease)
    await journal.open_breaker(Breaker("web", "aged", "again", later(5)), lease)
    assert await journal.breakers("web") == (first,)
    assert await journal.breakers("api") == ()


async def test_a_breaker_that_another_image_opens_again_is_followed_by_the_new_one(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await journal.open_breaker(Breaker("web", "aged", "no better", later(0), "ami-1"), lease)
    again = Breaker("web", "aged", "no better either", later(5), "ami-2")
    await journal.open_breaker(again, lease)
    assert await journal.breakers("web") == (again,)


async def test_proof_closes_the_breaker_that_it_is_about(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    aged, disk = (Breaker("web", cause, "no better", later(0), "ami-1") for cause in ("aged", "disk filling"))
    for breaker in (aged, disk):
        await journal.open_breaker(breaker, lease)
    await journal.close_breaker(aged, "proof: r-2 went well", later(1), lease)
    assert await journal.breakers("web") == (disk,)
    again = Breaker("web", "aged", "no better", later(2), "ami-1")
    await journal.open_breaker(again, lease)
    await journal.close_breaker(aged, "proof: of an earlier one", later(3), lease)
    assert await journal.breakers("web") == (disk, again)


@pytest.mark.parametrize(("scope", "closes"), [("all", True), ("fleet:web", True), ("fleet:api", False)])
async def test_resume_closes_the_breakers_of_its_scope(journal: JournalAdapter, scope: str, closes: bool) -> None:
    lease = await lease_of(journal)
    for cause in ("aged", "disk filling"):
        await journal.open_breaker(Breaker("web", cause, "no better", later(0)), lease)
    assert await journal.resume(scope, "ana", later(1)) == (2 if closes else 0)
    assert len(await journal.breakers("web")) == (0 if closes else 2)
    if closes:
        again = Breaker("web", "aged", "no better, again", later(2))
        await journal.open_breaker(again, lease)
        assert await journal.breakers("web") == (again,)


async def test_an_instance_s_resume_forgets_no_failures(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await ended(journal, lease, "r-1", Outcome.FAILED)
    await journal.resume("instance:old-of-r-1", "ana", later(1))
    assert (await journal.history("web", later(1))).failures_in_a_row == 1


async def test_a_policy_is_kept_under_its_hash(journal: JournalAdapter) -> None:
    policy = Policy("web", "asg", Mode.ACT, hash="abc123", document='{"fleet":"web"}')
    await journal.save_policy(policy)
    await journal.save_policy(policy)
    assert await journal.policy_document("abc123") == '{"fleet":"web"}'
    assert await journal.policy_document("other") is None


async def test_it_is_healthy(journal: JournalAdapter) -> None:
    assert await journal.healthy()
