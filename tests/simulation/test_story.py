"""The whole loop on virtual time: what a fleet goes through, told as short stories."""

from controller.domain.lifecycle import Outcome
from controller.domain.model import Hold, Image
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.loop import Tick
from tests.simulation.daemon import SimulatedDaemon
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run


def journal() -> JournalAdapter:
    return JournalAdapter(SqlJournal.open("sqlite:///:memory:", None))


def calls(world: World) -> list[str]:
    return [wire.call for wire in world.wire]


def test_a_healthy_fleet_is_left_alone() -> None:
    async def main(clock: VirtualClock) -> None:
        world = World(clock)
        tick = await SimulatedDaemon(world, journal(), clock).run()
        assert tick.sentence == "6 instances: 6 healthy"
        assert world.wire == []

    run(main)


def test_a_sick_instance_is_replaced_capacity_first() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = World(clock), journal()
        world.members["i-02"].bad = True
        await SimulatedDaemon(world, book, clock).run()
        assert calls(world) == ["launch", "drain", "terminate"]
        assert min(wire.serving_after for wire in world.wire) == 5
        assert world.serving() == 6
        assert "i-02" not in world.members
        (done,) = await book.replacements()
        assert done.outcome is Outcome.REPLACED
        assert done.verification == "improved"
        assert done.causes == ("errors",)

    run(main)


def test_aged_instances_go_one_by_one_and_oldest_first() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = World(clock), journal()
        world.age("i-03", "i-05")
        await SimulatedDaemon(world, book, clock).run()
        assert calls(world) == ["launch", "drain", "terminate"] * 2
        assert all(wire.serving_after >= 6 for wire in world.wire)
        assert [item.predecessor for item in reversed(await book.replacements())] == ["i-03", "i-05"]

    run(main)


def test_a_bad_new_image_is_undone_and_set_aside_after_two_failures() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = World(clock), journal()
        world.age("i-01", "i-02")
        world.bad_images = frozenset({"image-new"})
        tick = await SimulatedDaemon(world, book, clock).run()
        assert tick.failed == 2
        assert calls(world) == ["launch", "terminate"] * 2
        assert world.serving() == 6
        assert "holding i-01 (cooldown, image_set_aside)" in tick.sentence
        assert "holding i-02 (cooldown, image_set_aside)" in tick.sentence

    run(main)


def test_one_bad_image_after_the_other_stops_after_three_failures() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = World(clock), journal()
        world.age("i-01", "i-02", "i-03")
        world.bad_images = frozenset({f"image-{number}" for number in range(9)})
        daemon = SimulatedDaemon(world, book, clock)

        def another_image(tick: Tick) -> bool:
            world.launch_image = Image(f"image-{tick.failed}", clock.now())
            return tick.failed == 3

        await daemon.run(until=another_image)
        assert "stop_after_failures" in (await daemon.run()).sentence
        assert calls(world) == ["launch", "terminate"] * 3
        assert world.serving() == 6

    run(main)

    run(main)


def test_a_hold_stops_in_the_middle_and_a_resume_goes_on() -> None:
    async def main(clock: VirtualClock) -> None:
        world, book = World(clock), journal()
        world.age("i-01")
        daemon = SimulatedDaemon(world, book, clock)
        await daemon.run(until=lambda tick: "launching" in tick.sentence or "awaiting_ready" in tick.sentence)
        await book.hold(Hold("fleet:web", "lunch", "ann", clock.now()))
        seen = len(world.wire)
        for _ in range(40):
            await daemon.loop.tick()
            await clock.sleep(60)
        assert len(world.wire) == seen
        await book.resume("fleet:web", "ann", clock.now())
        await daemon.run()
        assert calls(world) == ["launch", "drain", "terminate"]
        (done,) = await book.replacements()
        assert done.outcome is Outcome.REPLACED
        assert done.total_paused_seconds > 2300

    run(main)
