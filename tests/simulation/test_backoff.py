"""A lineage that fails for ever: the cooldown bounds how often it is tried in a day, whatever else would let it go."""

from dataclasses import replace
from datetime import timedelta
from itertools import accumulate

from controller.domain.budgets import backoff_seconds
from controller.domain.model import Image
from controller.domain.policy import Cooldown, Policy
from controller.loop import Tick
from tests.simulation.daemon import POLICY, RULES, SimulatedDaemon
from tests.simulation.laws import violations
from tests.simulation.test_story import journal
from tests.simulation.world import World
from tests.support.virtual import START, VirtualClock, run

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
NEVER_STOPS = replace(
    POLICY, tick_seconds=120.0, poll_seconds=30.0, global_limits=replace(POLICY.global_limits, stop_after_failures=1000)
)


def launches_within(span: timedelta, policy: Policy = NEVER_STOPS, without: str = "") -> int:
    """One aged instance, and another image after each failure, none of which ever serves."""

    async def main(clock: VirtualClock) -> int:
        world = World(clock, bad_images=frozenset(f"image-{number}" for number in range(1000)))
        world.age("i-01")
        rules = [rule for rule in RULES if rule.name != without]
        daemon = SimulatedDaemon(world, journal(), clock, policy, rules=rules)

        def it_is_over(tick: Tick) -> bool:
            world.launch_image = Image(f"image-{tick.failed}", clock.now())
            return clock.now() >= START + span and not any(item.launched_at > START for item in world.members.values())

        await daemon.run(until=it_is_over, limit=10_000)
        assert violations(world, world.wire) == []
        return sum(item.call == "launch" and item.at < START + span for item in world.wire)

    return run(main)


def most_within(span: timedelta, cooldown: Cooldown) -> int:
    """The first attempt, and one after each wait that ends within that time; attempts themselves take no time."""
    waits = accumulate(backoff_seconds(number, cooldown) for number in range(1, 200))
    return 1 + sum(wait <= span.total_seconds() for wait in waits)


def test_a_lineage_that_fails_for_ever_is_tried_nine_times_a_day_at_most() -> None:
    cooldown = NEVER_STOPS.cooldown
    assert [most_within(span, cooldown) for span in (2 * HOUR, 6 * HOUR, DAY, 2 * DAY)] == [4, 6, 9, 13]
    assert 4 <= launches_within(6 * HOUR) <= 6


def test_without_the_rule_the_accepting_transaction_keeps_to_it_too() -> None:
    assert launches_within(2 * HOUR, without="cooldown") <= 4


def test_a_short_cooldown_is_seen_to_try_and_try() -> None:
    hasty = replace(NEVER_STOPS, cooldown=Cooldown(base_seconds=1.0, cap_seconds=1.0))
    assert launches_within(2 * HOUR, hasty) > 8
