"""Mode ask on virtual time: nothing without a yes, and a yes at any moment of another replacement's life."""

from dataclasses import replace
from functools import partial

from controller.domain.lifecycle import Outcome
from controller.domain.policy import Mode
from controller.journal.adapter import JournalAdapter
from controller.operations import request
from tests.simulation.daemon import POLICY, Reaper, SimulatedDaemon
from tests.simulation.laws import violations
from tests.simulation.test_crash import replaced
from tests.simulation.test_people import Person, Stage, holds
from tests.simulation.test_planted import rotting_image
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run

ASK = replace(POLICY, mode=Mode.ASK)


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


def test_a_healthy_instance_is_replaced_because_a_person_asked_and_its_successor_need_not_improve() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, World, -1, holds)
        daemon = SimulatedDaemon(stage.world, stage.book, clock, ASK)
        await daemon.run()
        wish = await request.replace(stage.book, clock, "i-04", "odd noises", "ana", {"web": ASK})
        await daemon.run()
        (done,) = await stage.book.replacements()
        assert (done.id, done.predecessor, done.outcome) == (wish.id, "i-04", Outcome.REPLACED)
        assert done.causes == ("requested",)
        assert violations(stage.world, stage.world.wire, replacements=1) == []
        assert await stage.book.breakers("web") == ()

    run(main)


def test_a_successor_that_is_worse_goes_again_though_a_person_asked() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, rotting_image, -1, holds)
        stage.world.members["i-02"].image = stage.world.members["i-01"].image
        daemon = SimulatedDaemon(stage.world, stage.book, clock, ASK)
        await daemon.run()
        await request.replace(stage.book, clock, "i-04", "odd noises", "ana", {"web": ASK})
        await daemon.run()
        (done,) = await stage.book.replacements()
        assert (done.outcome, done.verification) == (Outcome.FAILED, "worse")
        assert "i-04" in stage.world.members
        assert violations(stage.world, stage.world.wire, replacements=1) == []

    run(main)
