from controller.domain.lifecycle import Outcome
from controller.domain.past import History
from controller.journal.adapter import JournalAdapter
from tests.journal.material import accepted, begun, ended, later, lease_of


async def failures(journal: JournalAdapter, fleet: str = "web") -> tuple[int, int]:
    """In a row: in the fleet, and over all fleets."""
    history = await journal.history(fleet, later(0))
    return history.failures_in_a_row, history.failures_in_a_row_everywhere


async def test_nothing_happened_yet(journal: JournalAdapter) -> None:
    assert await journal.history("web", later(0)) == History()


async def test_acceptances_count_for_one_hour_oldest_first(journal: JournalAdapter) -> None:
    web, api = await lease_of(journal), await lease_of(journal, "api")
    await begun(journal, web, accepted("r-1", predecessor="i-1", at=later(20)))
    await begun(journal, web, accepted("r-2", predecessor="i-2", at=later(0)))
    await begun(journal, api, accepted("r-3", fleet="api", predecessor="i-3", at=later(10)))
    history = await journal.history("web", later(3599))
    assert history.accepted_at == (later(0), later(20))
    assert history.accepted_everywhere_at == (later(0), later(10), later(20))
    assert (await journal.history("web", later(3600))).accepted_at == (later(20),)


async def test_a_success_ends_the_row_of_its_fleet_and_the_row_of_all(journal: JournalAdapter) -> None:
    web, api = await lease_of(journal), await lease_of(journal, "api")
    await ended(journal, web, "r-1", Outcome.FAILED)
    await ended(journal, web, "r-2", Outcome.FAILED)
    assert await failures(journal) == (2, 2)
    await ended(journal, api, "r-3", Outcome.REPLACED)
    assert await failures(journal) == (2, 0)
    await ended(journal, web, "r-4", Outcome.FAILED)
    assert await failures(journal) == (3, 1)
    await ended(journal, web, "r-5", Outcome.REPLACED)
    assert await failures(journal) == (0, 0)


async def test_superseded_and_aborted_neither_count_nor_end_the_row(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await ended(journal, lease, "r-1", Outcome.FAILED)
    await ended(journal, lease, "r-2", Outcome.SUPERSEDED)
    await ended(journal, lease, "r-3", Outcome.ABORTED)
    assert await failures(journal) == (1, 1)
    await ended(journal, lease, "r-4", Outcome.FAILED)
    assert await failures(journal) == (2, 2)


async def test_an_open_replacement_is_no_failure(journal: JournalAdapter) -> None:
    lease = await lease_of(journal)
    await ended(journal, lease, "r-1", Outcome.FAILED)
    await begun(journal, lease, accepted("r-2"))
    assert await failures(journal) == (1, 1)


async def test_resuming_a_fleet_forgets_its_failures_here_and_over_all(journal: JournalAdapter) -> None:
    web, api = await lease_of(journal), await lease_of(journal, "api")
    await ended(journal, web, "r-1", Outcome.FAILED)
    await ended(journal, api, "r-2", Outcome.FAILED)
    await journal.resume("fleet:web", "ana", later(0))
    assert await failures(journal, "web") == (0, 1)
    assert await failures(journal, "api") == (1, 1)
    # All of this happens within one instant of the clock: the journal's own order decides.
    await ended(journal, web, "r-3", Outcome.FAILED)
    assert await failures(journal, "web") == (1, 2)


async def test_resuming_all_forgets_every_failure(journal: JournalAdapter) -> None:
    web, api = await lease_of(journal), await lease_of(journal, "api")
    await ended(journal, web, "r-1", Outcome.FAILED)
    await ended(journal, api, "r-2", Outcome.FAILED)
    await journal.resume("all", "ana", later(0))
    assert await failures(journal, "web") == (0, 0)
    assert await failures(journal, "api") == (0, 0)
