"""While the journal is gone, people are told what was known last, with since when and why; nobody acts on it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from controller.app.answers import Answers
from controller.app.configuration import specs
from controller.app.last_known import LastKnown
from controller.app.live import Live
from controller.domain.errors import JournalUnavailable, Transient
from controller.domain.model import Hold
from controller.loop import Tick
from controller.settings import Config, load
from tests.simulation.daemon import SimulatedDaemon
from tests.simulation.world import World
from tests.support.virtual import VirtualClock, run
from tests.test_loop import Away, aged, new_journal
from tests.test_loop_journal_lost import EVERYTHING, WRITES

SINCE = "2026-11-23T12:00:00Z"
STALE = {"since": SINCE, "reason": "the disk is full"}


def config() -> Config:
    return load("version: 1\nmode: act\nfleets: {web: {asg: {name: web}, max_age: 60d}}", "repave.yaml", specs())


class Scene:
    """A daemon that has looked once, and what people read of it."""

    def __init__(self, clock: VirtualClock, world: World) -> None:
        self.book = new_journal()
        self.away = Away(self.book)
        self.daemon = SimulatedDaemon(world, self.away, clock)
        self.known, journal = LastKnown.before(self.away)
        self.answers = Answers(journal, clock, Live(config()), self.known.stale)

    async def tick(self) -> Tick:
        tick = await self.daemon.loop.tick()
        self.known.told(tick)
        return tick


@pytest.mark.parametrize("away", [EVERYTHING, WRITES], ids=["gone", "the disk is full"])
def test_every_reader_gets_what_was_known_last_and_is_told_so(away: frozenset[str]) -> None:
    async def main(clock: VirtualClock) -> None:
        world = aged(clock)
        scene = Scene(clock, world)
        await scene.book.hold(Hold("instance:i-03", "kept for a look", "ann", clock.now()))
        await scene.tick()
        before = await scene.answers.fleets()
        assert before["stale"] is None
        scene.away.away = away
        world.members["i-04"].bad = True
        await scene.tick()
        for _ in range(3):
            await clock.sleep(30)
            await scene.tick()
        fleets = await scene.answers.fleets()
        assert fleets["stale"] == STALE
        (web,) = fleets["fleets"]
        assert web["sentence"].startswith("watching only, ")
        assert web["verdicts"] == {"aged": 2, "degraded": 1, "healthy": 3}, "it goes on seeing"
        assert web["observed_at"] == "2026-11-23T12:01:30Z"
        assert web["open_replacements"] == before["fleets"][0]["open_replacements"] != []
        assert web["lease"]["owner"] == before["fleets"][0]["lease"]["owner"]
        plan = await scene.answers.plan(None)
        told = {item["id"]: [veto["rule"] for veto in item["vetoes"]] for item in plan["fleets"][0]["instances"]}
        assert "journal_lost" in told["i-04"]
        for document in (plan, await scene.answers.instances(), await scene.answers.holds()):
            assert document["stale"] == STALE
        assert [hold["reason"] for hold in (await scene.answers.holds())["holds"]] == ["kept for a look"]
        (opened,) = (await scene.answers.replacements(50))["replacements"]
        assert opened["predecessor"] == "i-02"
        assert (await scene.answers.requests(50) if away is WRITES else {"requests": []})["requests"] == []
        assert (await scene.answers.why("i-04"))["stale"] == STALE
        scene.away.away = frozenset()
        await scene.tick()
        assert (await scene.answers.fleets())["stale"] is None
        await scene.daemon.loop.stop(1.0)

    run(main)


def test_words_of_people_are_refused_and_never_kept_for_later() -> None:
    async def main(clock: VirtualClock) -> None:
        scene = Scene(clock, World(clock))
        await scene.tick()
        scene.away.away = EVERYTHING
        await scene.tick()
        with pytest.raises(JournalUnavailable, match="the disk is full"):
            await scene.answers.hold("web", None, "release", "ann")
        scene.away.away = frozenset()
        assert (await scene.answers.holds())["holds"] == []
        await scene.daemon.loop.stop(1.0)

    run(main)


def test_a_daemon_that_never_knew_anything_says_that_the_journal_is_gone() -> None:
    async def main(clock: VirtualClock) -> None:
        scene = Scene(clock, World(clock))
        scene.away.away = EVERYTHING
        await scene.tick()
        assert scene.known.stale() == STALE
        for asked in (scene.answers.fleets(), scene.answers.instances(), scene.answers.replacements(50)):
            with pytest.raises(JournalUnavailable):
                await asked

    run(main)


def test_a_hold_that_ran_out_meanwhile_is_no_longer_told() -> None:
    async def main(clock: VirtualClock) -> None:
        scene = Scene(clock, World(clock))
        hold = Hold("all", "lunch", "ann", clock.now(), clock.now() + timedelta(seconds=45))
        await scene.book.hold(hold)
        await scene.tick()
        scene.away.away = EVERYTHING
        await scene.tick()
        assert len((await scene.answers.holds())["holds"]) == 1
        await clock.sleep(60)
        assert (await scene.answers.holds())["holds"] == []

    run(main)


def test_the_log_says_once_that_it_is_gone_and_once_that_it_is_back() -> None:
    async def main(clock: VirtualClock) -> None:
        scene = Scene(clock, World(clock))
        gone = replace(await scene.tick(), fleet="api")
        with capture_logs() as logs:
            scene.away.away = EVERYTHING
            for _ in range(3):
                lost = await scene.tick()
                scene.known.told(replace(lost, fleet="api"))
                await clock.sleep(30)
            scene.away.away = frozenset()
            await scene.tick()
            scene.known.told(gone)
        assert [(line["log_level"], line["event"]) for line in logs] == [
            ("error", "the journal cannot be reached: nothing is done, fleets are only watched"),
            ("info", "the journal is back: acting goes on"),
        ]
        assert logs[0]["reason"] == "the disk is full"
        assert logs[1]["lost_since"] == SINCE
        await scene.daemon.loop.stop(1.0)

    run(main)


def test_where_the_fleet_cannot_be_seen_either_both_are_said_and_each_ends_by_itself() -> None:
    """One broken way to AWS takes the platform and a journal on DynamoDB with it."""

    async def main(clock: VirtualClock) -> None:
        scene = Scene(clock, World(clock))
        unseen = "cannot see the fleet: connection reset"
        await scene.tick()
        scene.away.away = EVERYTHING
        scene.daemon.platform.errors.append(Transient("connection reset"))
        tick = await scene.tick()
        assert tick.sentence == f"watching only, the journal is not there since {SINCE}: the disk is full; {unseen}"
        assert (tick.looked, scene.known.stale()) == (False, STALE)
        scene.away.away = frozenset()
        scene.daemon.platform.errors.append(Transient("connection reset"))
        assert (await scene.tick()).sentence == unseen
        assert scene.known.stale() is None, "the journal is back, though the fleet cannot be seen"
        await scene.daemon.loop.stop(1.0)

    run(main)


def test_a_look_that_broke_says_nothing_of_the_journal() -> None:
    async def main(clock: VirtualClock) -> None:
        scene = Scene(clock, World(clock))
        await scene.tick()
        scene.away.away = EVERYTHING
        await scene.tick()
        scene.known.told(Tick("web", "could not finish looking: it took too long; again in 30 s", clock.now()))
        assert scene.known.stale() == STALE
        await scene.daemon.loop.stop(1.0)

    run(main)
