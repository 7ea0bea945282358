"""The brakes, each with the bug that it is there for: without the brake, the laws are seen to break."""

from dataclasses import replace
from unittest.mock import patch

from controller.decide.verify import Proof, Verification
from controller.domain.model import Image
from tests.simulation.daemon import POLICY, RULES, SimulatedDaemon
from tests.simulation.laws import violations
from tests.simulation.test_story import journal
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run


def rotting_image(clock: VirtualClock) -> World:
    world = World(clock, rotting_images=frozenset({"image-rotten"}))
    world.launch_image = Image("image-rotten", clock.now())
    world.age("i-02")
    return world


def test_a_successor_that_rots_while_it_bakes_is_undone_and_opens_the_breaker() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = rotting_image(clock), journal()
        tick = await SimulatedDaemon(world, book, clock).run()
        assert violations(world, world.wire, replacements=1) == []
        assert tick.breaker_open
        assert "holding i-02 (breaker, cooldown)" in tick.sentence
        (done,) = await book.replacements()
        assert (done.outcome, done.verification) == ("failed", "worse")

    run(main)


def test_without_verification_the_rotten_successor_is_seen_to_stay() -> None:
    async def main(clock: VirtualClock) -> None:
        world = rotting_image(clock)
        no_bake = replace(POLICY, verify=replace(POLICY.verify, bake_seconds=0))
        with patch("controller.act.steps.verify", return_value=Proof(Verification.IMPROVED, "planted")):
            await SimulatedDaemon(world, journal(), clock, no_bake).run(until=lambda tick: len(world.wire) >= 3)
        await clock.sleep(60)
        assert any("kept though it is bad" in line for line in violations(world, world.wire))

    run(main)


def all_but_one_sick(clock: VirtualClock) -> World:
    world = World(clock)
    for instance_id in ("i-01", "i-02", "i-03", "i-04", "i-05"):
        world.members[instance_id].bad = True
    return world


def test_a_fault_of_the_whole_fleet_replaces_nobody() -> None:
    async def main(clock: VirtualClock) -> None:
        world = all_but_one_sick(clock)
        tick = await SimulatedDaemon(world, journal(), clock).run()
        assert violations(world, world.wire, replacements=0) == []
        assert tick.sentence.count("(fleet_wide_fault)") == 5

    run(main)


def test_without_its_rule_a_fault_of_the_whole_fleet_is_seen_to_replace() -> None:
    async def main(clock: VirtualClock) -> None:
        world = all_but_one_sick(clock)
        rules = [rule for rule in RULES if rule.name != "fleet_wide_fault"]
        await SimulatedDaemon(world, journal(), clock, rules=rules).run()
        assert violations(world, world.wire, replacements=0) != []

    run(main)
