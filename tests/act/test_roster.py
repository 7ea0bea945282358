"""A daemon among others, on virtual time: when it says that it is there, and what it has looked at."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from controller.act.roster import Roster
from controller.domain.ports import Lease
from controller.journal.adapter import JournalAdapter
from tests.support.virtual import START, VirtualClock, run
from tests.test_loop import Away, new_journal

WEB = frozenset({"web"})


@dataclass
class Crew:
    fleets: frozenset[str] = WEB
    working: frozenset[str] = frozenset()
    woken: list[str] = field(default_factory=list)

    def watched(self) -> frozenset[str]:
        return self.fleets

    def busy(self, fleet: str) -> bool:
        return fleet in self.working

    def wake(self, fleet: str) -> None:
        self.woken.append(fleet)


def roster(owner: str, journal: Any, clock: VirtualClock, crew: Crew | None = None) -> Roster:
    return Roster(owner, 30.0, journal, clock, crew or Crew())


class Counted:
    """A journal that counts what is asked of it."""

    def __init__(self, journal: JournalAdapter) -> None:
        self._journal = journal
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._journal, name)


def test_it_is_there_from_its_first_look_and_says_so_every_sixth_of_a_leases_life() -> None:
    async def main(clock: VirtualClock) -> None:
        journal = Counted(new_journal())
        one = roster("d-1", journal, clock)
        await one.look()
        (here,) = await journal.present(clock.now())
        assert (here.owner, here.fleets, here.since) == ("d-1", WEB, START)
        assert here.expires_at == START + timedelta(seconds=15)
        for _ in range(10):
            await clock.sleep(2)
            await one.look()
        assert journal.asked.count("announce") == 1 + 3
        assert (await journal.present(clock.now()))[0].since == START

    run(main)


def test_a_configuration_with_another_fleet_is_announced_at_once() -> None:
    async def main(clock: VirtualClock) -> None:
        book, crew = new_journal(), Crew()
        one = roster("d-1", book, clock, crew)
        await one.look()
        crew.fleets = frozenset({"web", "api"})
        await one.look()
        assert (await book.present(clock.now()))[0].fleets == crew.fleets
        assert one.may_take("api")

    run(main)


def test_what_it_may_take_or_should_give_up_is_looked_at() -> None:
    async def main(clock: VirtualClock) -> None:
        book, crew = new_journal(), Crew(frozenset({"a", "b", "c"}))
        one, other = roster("d-1", book, clock, crew), roster("d-2", book, clock, Crew(crew.fleets))
        assert not one.may_take("a"), "nothing is its own before the first look"
        await one.look()
        assert crew.woken == ["a", "b", "c"]
        for fleet in crew.fleets:
            await book.acquire(fleet, "d-1", 3600, clock.now())
        crew.woken.clear()
        await one.look()
        await other.look()
        assert crew.woken == []
        await clock.sleep(14)
        for _ in range(5):
            await other.look()
            await clock.sleep(12)
        await other.look()
        await one.look()
        (given,) = crew.woken
        assert one.gives_up(given)
        assert not one.may_take(given), "what it lets go it does not take again by the same look"
        crew.working = frozenset({given})
        await one.look()
        assert not one.gives_up(given), "something is under way there; it gives up another"
        crew.working, crew.woken = crew.fleets, []
        await one.look()
        assert crew.woken == [], "all are at work: whichever is idle first is given up, and no other with it"
        assert [one.gives_up(fleet) for fleet in ("b", "a", "c")] == [True, False, False]

    run(main)


def test_without_the_journal_it_takes_nothing_and_gives_nothing() -> None:
    async def main(clock: VirtualClock) -> None:
        journal = Away(new_journal())
        one = roster("d-1", journal, clock)
        await one.look()
        assert one.may_take("web")
        journal.away = frozenset({"*"})
        await one.look()
        assert not one.may_take("web")
        journal.away = frozenset()
        await one.look()
        assert one.may_take("web")

    run(main)


def test_who_leaves_is_gone_at_once() -> None:
    async def main(clock: VirtualClock) -> None:
        book = new_journal()
        one, heard = roster("d-1", book, clock), list[tuple[Lease, ...]]()
        await one.look()
        await one.leave()
        assert not one.may_take("web")
        assert await book.present(clock.now()) == ()
        assert heard == []

    run(main)
