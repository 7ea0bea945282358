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
from controller.domain.policy import Cooldown
from controller.domain.replacement import Replacement
from controller.domain.request import Abort
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from tests.simulation.daemon import Died, Reaper, SimulatedDaemon
from tests.simulation.laws import violations
from tests.simulation.test_crash import ONE_TRY, boundaries, replaced, undone
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run

Word = Callable[["Person"], Awaitable[None]]
Make = Callable[[VirtualClock], World]
NO_SECOND_TRY = replace(ONE_TRY, cooldown=Cooldown(6 * 3600.0, 6 * 3600.0))
TOO_LATE = {
    "after terminate called",
    "before effect terminate",
    "after effect terminate",
    "before terminate returned",
    "after terminate returned",
    "before terminate succeeded+closed",
}


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
        daemon = SimulatedDaemon(self.world, JournalAdapter(self.sql), self.clock, NO_SECOND_TRY, reaper)
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
    elif stage.person.about.undoing or name == "before await_ready failed":
        assert done.outcome is Outcome.FAILED, f"{name}: what failed by itself at that moment goes back all the same"
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
