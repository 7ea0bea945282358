"""Each word at each boundary: hold, abort or approve, said at any moment of a replacement's life, on virtual time.

The boundaries are listed from a clean run: before and after each write, and before and after each effect on the world.
Whoever says it has a journal handle of their own; the daemon finds out from the journal alone.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from controller.domain.errors import Conflict
from controller.domain.lifecycle import Kind, Outcome
from controller.domain.model import Hold
from controller.domain.policy import Mode
from controller.domain.replacement import Replacement
from controller.domain.request import Abort
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from tests.simulation.daemon import POLICY, Died, Reaper, SimulatedDaemon
from tests.simulation.laws import violations
from tests.simulation.test_crash import ONE_TRY, boundaries, replaced, undone
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run

Word = Callable[["Person"], Awaitable[None]]
Make = Callable[[VirtualClock], World]
TOO_LATE = {
    "after terminate called",
    "before effect terminate",
    "after effect terminate",
    "before terminate returned",
    "after terminate returned",
    "before terminate succeeded+closed",
}
ASK = replace(POLICY, mode=Mode.ASK)


@dataclass
class Person(Reaper):
    """Says its word at one boundary. about: the replacement that was open then. effects: how many there had been."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    book: JournalAdapter | None = None
    speak_at: int | None = None
    word: Word | None = None
    then_die: bool = False
    about: Replacement | None = None
    too_late: bool = False
    effects: int = 0
    world: World | None = None

    async def boundary(self, name: str) -> None:
        if len(self.names) == self.speak_at and self.word and self.book and self.world:
            self.speak_at = None
            (self.about,) = await self.book.open_replacements() or (None,)
            self.effects = len(self.world.wire)
            await self.word(self)
            if self.then_die:
                self.kill_at = len(self.names)
        await super().boundary(name)


async def holds(person: Person) -> None:
    assert person.book
    await person.book.hold(Hold("fleet:web", "lunch", "ann", person.clock.now()))


async def aborts(person: Person) -> None:
    assert person.book
    if person.about is None:
        return
    try:
        await person.book.abort(Abort(person.about.id, "ben", "not this one", person.clock.now()))
    except Conflict as error:
        person.too_late = "too late" in str(error)
        if not person.too_late:
            raise


async def holds_then_aborts(person: Person) -> None:
    await holds(person)
    await aborts(person)


async def aborts_then_holds(person: Person) -> None:
    await aborts(person)
    await holds(person)


@dataclass
class Stage:
    """One world with one journal, and the person who speaks at one boundary of the first daemon's life."""

    clock: VirtualClock
    make: Make
    speak_at: int
    word: Word
    then_die: bool = False

    def __post_init__(self) -> None:
        self.world = self.make(self.clock)
        self.sql = SqlJournal.open("sqlite:///:memory:", None)
        self.book = JournalAdapter(self.sql)
        self.person = Person(
            clock=self.clock,
            book=JournalAdapter(self.sql),
            speak_at=self.speak_at,
            word=self.word,
            then_die=self.then_die,
            world=self.world,
        )

    def daemon(self, reaper: Reaper | None = None) -> SimulatedDaemon:
        daemon = SimulatedDaemon(self.world, JournalAdapter(self.sql), self.clock, ONE_TRY, reaper)
        if reaper:
            daemon.mortal_world()
        else:
            self.world.before_effect = self.world.after_effect = None
        return daemon

    async def until_stopped(self) -> SimulatedDaemon:
        """Run a daemon until all that is open is held, or nothing is left to do; after its death a second one."""
        daemon = self.daemon(self.person)
        try:
            await daemon.run(until=lambda tick: tick.settled or tick.held_in_flight)
        except Died:
            daemon = self.daemon()
            await daemon.run(until=lambda tick: tick.settled or tick.held_in_flight)
        return daemon

    async def rest(self, daemon: SimulatedDaemon, minutes: int = 6) -> None:
        """Time passes, more than any deadline, and the daemon goes on looking."""
        for _ in range(minutes):
            await daemon.loop.tick()
            await self.clock.sleep(60)

    async def done(self) -> Replacement:
        """The first replacement that there was."""
        return (await self.book.replacements())[-1]


def each(make: Make, then_die: bool = False) -> list[tuple[int, str]]:
    """Every boundary; every third where the process is to die there as well, which is another test's matter."""
    return list(enumerate(boundaries(make)))[:: 3 if then_die else 1]


def under_way(name: str) -> bool:
    """Whether a call's intent is journaled at this boundary, and its effect still to come."""
    return name.startswith("before effect") or (name.startswith("after") and name.endswith("called"))


# --- hold ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("then_die", [False, True])
@pytest.mark.parametrize("make", [replaced, undone])
def test_a_hold_at_any_boundary_stops_every_effect_until_the_resume(make: Make, then_die: bool) -> None:
    for speak_at, name in each(make, then_die):
        run(partial(hold_and_resume, make=make, speak_at=speak_at, name=name, then_die=then_die))


async def hold_and_resume(clock: VirtualClock, make: Make, speak_at: int, name: str, then_die: bool) -> None:
    stage = Stage(clock, make, speak_at, holds, then_die)
    daemon = await stage.until_stopped()
    await stage.rest(daemon)
    made = len(stage.world.wire) - stage.person.effects
    assert made <= (1 if under_way(name) else 0), f"{name}: {made} effects under a hold"
    await stage.book.resume("fleet:web", "cleo", clock.now())
    await daemon.run()
    await daemon.loop.stop(1.0)
    done = await stage.done()
    assert done.outcome is (Outcome.REPLACED if make is replaced else Outcome.FAILED), f"{name}: {done.failure}"
    assert violations(stage.world, stage.world.wire, replacements=len(await stage.book.replacements())) == [], name
    events = await stage.book.events(done.id)
    paused = [event.facts.get("by") for event in events if event.kind is Kind.PAUSED]
    resumed = [event.facts.get("by") for event in events if event.kind is Kind.RESUMED]
    assert (paused, resumed) in ((["ann"], ["cleo"]), ([], [])), f"{name}: {paused}, {resumed}"


# --- abort -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("then_die", [False, True])
@pytest.mark.parametrize("word", [aborts, holds_then_aborts])
def test_an_abort_at_any_boundary_is_obeyed_before_the_next_call_even_under_a_hold(word: Word, then_die: bool) -> None:
    late = []
    for speak_at, name in each(replaced, then_die):
        stage = run(partial(abort_and_see, make=replaced, speak_at=speak_at, name=name, word=word, then_die=then_die))
        late += [name] if stage.person.too_late else []
    assert set(late) <= TOO_LATE, "until the termination is called it is not too late"
    assert then_die or set(late) == TOO_LATE


@pytest.mark.parametrize("word", [aborts, holds_then_aborts])
def test_an_abort_of_what_is_undone_already_changes_nothing_but_the_hold(word: Word) -> None:
    for speak_at, name in each(undone):
        run(partial(abort_and_see, make=undone, speak_at=speak_at, name=name, word=word, then_die=False))


async def abort_and_see(
    clock: VirtualClock, make: Make, speak_at: int, name: str, word: Word, then_die: bool
) -> Stage:  # fmt: skip
    stage = Stage(clock, make, speak_at, word, then_die)
    daemon = await stage.until_stopped()
    if stage.person.too_late or stage.person.about is None:
        await stage.book.resume("fleet:web", "cleo", clock.now())
    await daemon.run()
    await daemon.loop.stop(1.0)
    if stage.person.about is None:
        return stage
    done = next(item for item in await stage.book.replacements() if item.id == stage.person.about.id)
    events = await stage.book.events(done.id)
    later = [event for event in events if event.ordinal >= stage.person.about.events]
    if stage.person.too_late:
        assert done.outcome is Outcome.REPLACED, name
    elif stage.person.about.undoing:
        assert done.outcome is Outcome.FAILED, name
    else:
        forward = [event for event in later if event.kind is Kind.CALLED and event.step is not None]
        assert forward == [], f"{name}: {forward}"
        assert done.outcome is Outcome.ABORTED, f"{name}: {done.outcome} {done.failure}"
        (failed,) = [event for event in later if event.kind is Kind.FAILED]
        assert (failed.facts["by"], failed.facts["reason"]) == ("ben", "aborted by ben: not this one")
        assert done.predecessor in stage.world.members, name
        assert stage.world.serving() == 6, name
    return stage


def test_a_hold_after_an_abort_stops_the_way_back_until_somebody_speaks_again() -> None:
    for speak_at, name in each(replaced):
        run(partial(hold_outlasts, speak_at=speak_at, name=name))


async def hold_outlasts(clock: VirtualClock, speak_at: int, name: str) -> None:
    stage = Stage(clock, replaced, speak_at, aborts_then_holds)
    daemon = await stage.until_stopped()
    await stage.rest(daemon)
    made = len(stage.world.wire) - stage.person.effects
    assert made <= (1 if under_way(name) else 0), f"{name}: {made} effects under a hold"
    if stage.person.about is not None and not stage.person.too_late:
        stage.person.about = await stage.done()
        await aborts(stage.person)
        await daemon.run(until=lambda tick: True)
    await stage.book.resume("fleet:web", "cleo", clock.now())
    await daemon.run()
    await daemon.loop.stop(1.0)
    assert stage.world.serving() == 6, name
    assert (stage.world.desired, len(stage.world.members)) == (6, 6), name


# --- approve ---------------------------------------------------------------------------------------------------------


def asking(clock: VirtualClock) -> World:
    world = World(clock)
    world.age("i-02", "i-05")
    return world


def test_in_mode_ask_nothing_happens_until_the_yes_and_then_exactly_that_one() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, asking, -1, holds)
        daemon = SimulatedDaemon(stage.world, stage.book, clock, ASK)
        first = await daemon.run()
        proposed = {item.instance_id: item.id for item in await stage.book.requests(clock.now())}
        assert f"awaiting approval: 2 aged ({proposed['i-02']}, {proposed['i-05']})" in first.sentence
        assert "holding" not in first.sentence
        await stage.rest(daemon, minutes=10)
        assert stage.world.wire == []
        await stage.book.approve(proposed["i-05"], "ana", clock.now())
        await daemon.run()
        await stage.rest(daemon, minutes=10)
        (done,) = await stage.book.replacements()
        assert (done.id, done.predecessor, done.outcome) == (proposed["i-05"], "i-05", Outcome.REPLACED)
        (accepted, *_) = await stage.book.events(done.id)
        assert (accepted.facts["by"], accepted.facts["request"]["approved_by"]) == ("ana", "ana")
        assert violations(stage.world, stage.world.wire, replacements=1) == []
        assert [item.instance_id for item in await stage.book.requests(clock.now())] == ["i-02"]

    run(main)


def test_an_unanswered_proposal_is_made_anew_every_hour_while_it_is_wanted_and_no_longer() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, replaced, -1, holds)
        daemon = SimulatedDaemon(stage.world, stage.book, clock, ASK)
        await stage.rest(daemon, minutes=150)
        told = await stage.book.all_requests()
        assert [item.ended for item in told] == [None, "expired", "expired"]
        assert len({item.id for item in told}) == 3
        assert all(item.failed == 0 for item in daemon.ticks)
        stage.world.members["i-02"].image = stage.world.members["i-01"].image
        await stage.rest(daemon, minutes=1)
        newest = (await stage.book.all_requests())[0]
        assert newest.closing == "i-02 is healthy now: max_image_age is not found any more"
        assert await stage.book.requests(clock.now()) == ()

    run(main)


def test_a_yes_that_meets_a_spent_budget_waits_and_says_so_until_it_expires() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, asking, -1, holds)
        policy = replace(ASK, limits=replace(ASK.limits, replacements_per_hour=1))
        daemon = SimulatedDaemon(stage.world, stage.book, clock, policy)
        await daemon.run()
        for item in await stage.book.requests(clock.now()):
            await stage.book.approve(item.id, "ana", clock.now())
        await daemon.run()
        (done,) = await stage.book.replacements()
        (waiting,) = await stage.book.requests(clock.now())
        (report,) = await stage.book.reports()
        told = next(item for item in report.report["instances"] if item["id"] == waiting.instance_id)
        assert [veto["rule"] for veto in told["vetoes"]] == ["replacements_per_hour"]
        assert (told["request"]["id"], told["request"]["state"]) == (waiting.id, "approved")
        assert done.id != waiting.id
        assert f"holding {waiting.instance_id} (replacements_per_hour)" in report.sentence

    run(main)


def test_a_second_yes_at_any_boundary_of_the_first_is_its_own_replacement() -> None:
    async def names(clock: VirtualClock) -> list[str]:
        stage, reaper = Stage(clock, asking, -1, holds), Reaper()
        await both(stage, reaper, None)
        return reaper.names

    for speak_at in range(len(run(names))):
        run(partial(second_yes, speak_at=speak_at))


async def both(stage: Stage, reaper: Reaper, speak_at: int | None) -> SimulatedDaemon:
    daemon = SimulatedDaemon(stage.world, JournalAdapter(stage.sql), stage.clock, ASK, reaper)
    daemon.mortal_world()
    await daemon.run()
    first, *_ = await stage.book.requests(stage.clock.now())
    await stage.book.approve(first.id, "ana", stage.clock.now())
    if isinstance(reaper, Person):
        reaper.speak_at = speak_at
    await daemon.run()
    return daemon


async def second_yes(clock: VirtualClock, speak_at: int) -> None:
    async def says_yes(person: Person) -> None:
        assert person.book
        for item in await person.book.requests(clock.now()):
            if item.approved_at is None:
                await person.book.approve(item.id, "ben", clock.now())

    stage = Stage(clock, asking, -1, says_yes)
    daemon = await both(stage, stage.person, speak_at)
    await daemon.run()
    await daemon.loop.stop(1.0)
    done = {item.predecessor: item.outcome for item in await stage.book.replacements()}
    assert done == {"i-02": Outcome.REPLACED, "i-05": Outcome.REPLACED}
    assert violations(stage.world, stage.world.wire, replacements=2) == []
