"""What a plan wants, and what it says when a fleet cannot be seen; on a world that answers at the ports."""

from dataclasses import replace
from typing import Any

import pytest

from controller.act.site import Site
from controller.domain.errors import RepaveError, Throttled
from controller.domain.policy import Mode
from controller.domain.ports import Probe
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.observe import Observer
from controller.operations import ask
from controller.operations.nearest import NotFound
from tests.simulation.daemon import POLICY, RULES
from tests.simulation.world import ImageAge, World, WorldPlatform, WorldProbe
from tests.support.virtual import VirtualClock, run


def site(clock: VirtualClock, world: World, mode: Mode = Mode.ACT) -> tuple[Site, WorldPlatform]:
    platform = WorldPlatform(world)
    policy = replace(POLICY, mode=mode, fleet=world.name)
    journal = JournalAdapter(SqlJournal.open("sqlite:///:memory:", None))
    probes: dict[str, Probe] = {"errors": WorldProbe(world), "max_image_age": ImageAge()}
    return Site(policy, platform, Observer(policy, platform, probes, journal, clock)), platform


@pytest.mark.parametrize("mode", list(Mode))
def test_what_is_wanted_does_not_depend_on_the_mode(mode: Mode) -> None:
    async def main(clock: VirtualClock) -> None:
        world = World(clock)
        world.age("i-02")
        document = await ask.plan([site(clock, world, mode)[0]], RULES, mode.value, clock)
        assert ask.wanted(document) == ["i-02"]

    run(main)


def test_what_a_safety_check_forbids_is_not_wanted() -> None:
    def instance(id_: str, decision: str, *rules: str) -> dict[str, Any]:
        return {"id": id_, "decision": decision, "vetoes": [{"rule": rule} for rule in rules]}

    instances = [
        instance("kept", "keep"),
        instance("going", "replace"),
        instance("waits for the mode", "hold", "observe_mode"),
        instance("waits for a person", "hold", "awaiting_approval"),
        instance("protected", "hold", "observe_mode", "protected"),
        instance("blind", "hold", "blind"),
    ]
    assert ask.wanted({"fleets": [{"instances": instances}]}) == ["going", "waits for the mode", "waits for a person"]


def test_a_fleet_that_cannot_be_seen_does_not_hide_the_others() -> None:
    async def main(clock: VirtualClock) -> None:
        seen, _ = site(clock, World(clock, name="seen"))
        hidden, platform = site(clock, World(clock, name="hidden"))
        platform.errors = [Throttled("slow down")] * 3
        document = await ask.plan([hidden, seen], RULES, "act", clock)
        assert [fleet["name"] for fleet in document["fleets"]] == ["seen"]
        assert document["errors"] == [{"fleet": "hidden", "error": "slow down"}]
        explained = await ask.why([hidden, seen], RULES, "i-01", "act", clock)
        assert (explained["fleet"], explained["instance"]["id"]) == ("seen", "i-01")
        with pytest.raises(RepaveError, match="not every fleet could be looked at: hidden: slow down"):
            await ask.why([hidden, seen], RULES, "i-99", "act", clock)
        with pytest.raises(NotFound, match="the nearest are i-01"):
            await ask.why([hidden, seen], RULES, "i-0", "act", clock)

    run(main)


def test_asking_changes_nothing() -> None:
    async def main(clock: VirtualClock) -> None:
        world = World(clock)
        world.age("i-01", "i-02")
        await ask.plan([site(clock, world)[0]], RULES, "act", clock)
        assert world.wire == []

    run(main)
