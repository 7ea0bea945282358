"""A loop that goes over to another policy: a look under way ends as it began, the lease stays, open work goes on."""

from dataclasses import replace

from controller.act.site import Site
from controller.domain.lifecycle import Outcome
from controller.domain.model import Inventory
from controller.domain.policy import Mode
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from tests.simulation.daemon import POLICY, SimulatedDaemon
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run

OTHER = replace(POLICY, mode=Mode.OBSERVE, hash="p2")


def aged(clock: VirtualClock) -> World:
    world = World(clock)
    world.age("i-02", "i-03")
    return world


def test_a_look_under_way_ends_under_its_policy_and_the_next_begins_under_the_other() -> None:
    async def main(clock: VirtualClock) -> None:
        journal = JournalAdapter(SqlJournal.open("sqlite:///:memory:", None))
        daemon = SimulatedDaemon(aged(clock), journal, clock)
        before = daemon.loop._site
        after = Site(OTHER, before.platform, before.observer)

        async def sites(policy_hash: str) -> Site | None:
            return {"p1": before, "p2": after}.get(policy_hash)

        look = daemon.platform.inventory

        async def interrupted() -> Inventory:
            daemon.loop.adopt(after, sites)
            return await look()

        daemon.platform.inventory = interrupted  # type: ignore[method-assign]
        await daemon.loop.tick()
        lease = await journal.holder("web")
        (begun,) = await journal.open_replacements()
        assert (begun.predecessor, begun.policy_hash) == ("i-02", "p1"), "this look had begun under the first policy"

        await daemon.run()
        (done,) = await journal.replacements()
        assert (done.id, done.policy_hash, done.outcome) == (begun.id, "p1", Outcome.REPLACED)
        (record,) = await journal.reports()
        assert record.report["policy_hash"] == "p2"
        held = {item["id"]: [veto["rule"] for veto in item["vetoes"]] for item in record.report["instances"]}
        assert held["i-03"] == ["observe_mode"]
        now = await journal.holder("web")
        assert lease is not None
        assert now is not None
        assert now.token == lease.token

    run(main)
