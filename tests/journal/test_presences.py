"""Which daemons are there, and every fleet's lease at once: what fleets are shared by."""

from controller.domain.ports import Lease, Presence
from controller.journal.adapter import JournalAdapter
from tests.journal.backends import Backend
from tests.journal.material import later

FLEETS = frozenset({"web", "api"})


def there(owner: str, since: float, until: float, fleets: frozenset[str] = FLEETS) -> Presence:
    return Presence(owner, fleets, later(since), later(until))


async def test_who_announces_itself_is_there_until_it_runs_out(journal: JournalAdapter) -> None:
    assert await journal.present(later(0)) == ()
    await journal.announce("d-1", FLEETS, 15, later(0))
    assert await journal.present(later(14.999)) == (there("d-1", 0, 15),)
    assert await journal.present(later(15)) == ()


async def test_every_process_sees_everybody_by_name(backend: Backend) -> None:
    first, second = backend.open(), backend.open()
    await second.announce("d-2", frozenset({"web"}), 15, later(1))
    await first.announce("d-1", FLEETS, 15, later(2))
    expected = (there("d-1", 2, 17), there("d-2", 1, 16, frozenset({"web"})))
    assert await first.present(later(3)) == await second.present(later(3)) == expected


async def test_it_has_been_there_since_it_came_while_it_leaves_no_gap(journal: JournalAdapter) -> None:
    await journal.announce("d-1", FLEETS, 15, later(0))
    await journal.announce("d-1", frozenset(), 15, later(14))
    assert await journal.present(later(20)) == (there("d-1", 0, 29, frozenset()),)
    await journal.announce("d-1", FLEETS, 15, later(29))
    assert await journal.present(later(30)) == (there("d-1", 29, 44),)


async def test_a_clock_that_goes_back_never_shortens_it(journal: JournalAdapter) -> None:
    await journal.announce("d-1", FLEETS, 15, later(10))
    await journal.announce("d-1", FLEETS, 15, later(0))
    assert await journal.present(later(20)) == (there("d-1", 10, 25),)


async def test_who_leaves_is_gone_at_once_and_new_when_it_comes_back(journal: JournalAdapter) -> None:
    await journal.announce("d-1", FLEETS, 15, later(0))
    await journal.announce("d-2", FLEETS, 15, later(0))
    await journal.leave("d-1")
    await journal.leave("d-1")
    assert await journal.present(later(1)) == (there("d-2", 0, 15),)
    await journal.announce("d-1", FLEETS, 15, later(2))
    assert (await journal.present(later(3)))[0] == there("d-1", 2, 17)


async def test_somebody_who_ran_out_is_not_kept_by_others(journal: JournalAdapter) -> None:
    await journal.announce("d-1", FLEETS, 15, later(0))
    await journal.announce("d-2", FLEETS, 15, later(20))
    assert await journal.present(later(20)) == (there("d-2", 20, 35),)
    await journal.announce("d-1", FLEETS, 15, later(21))
    assert (await journal.present(later(22)))[0].since == later(21)


async def test_all_leases_are_seen_at_once_those_that_ran_out_and_were_released_too(journal: JournalAdapter) -> None:
    assert await journal.leases() == ()
    web = await journal.acquire("web", "d-2", 30, later(0))
    api = await journal.acquire("api", "d-1", 30, later(0))
    jobs = await journal.acquire("jobs", "d-1", 30, later(0))
    assert web
    assert api
    assert jobs
    await journal.release(web)
    found = await journal.leases()
    assert [item.fleet for item in found] == ["api", "jobs", "web"]
    assert found[:2] == (api, jobs)
    assert isinstance(found[2], Lease)
    assert (found[2].owner, found[2].expires_at < later(0)) == ("d-2", True)
