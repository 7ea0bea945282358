"""What people say to real daemons over the embedded AWS: nothing without a yes in mode ask, and an abort that survives
a kill -9 of the daemon that was to obey it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from controller.cli.who import who
from controller.clock import SystemClock
from controller.demo.scenarios import fleet
from controller.domain.errors import Conflict
from controller.domain.lifecycle import Kind, Outcome, Phase
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from controller.operations import request, tell
from tests.e2e.harness.contract import judged, traced
from tests.e2e.harness.laws import violations
from tests.e2e.harness.stage import GroupScene, Stage, stage
from tests.e2e.harness.stories import REPLACED
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.traces import attributes, root_of

pytestmark = pytest.mark.asyncio(loop_scope="package")

TWO_AGED = fleet("asked", instances=3, aged=2, zones=1)
ABORTED = replace(REPLACED, outcome=Outcome.ABORTED, undone=True)
CLOCK = SystemClock()
NO_SECOND_TRY = {"cooldown": {"base": "6h", "cap": "6h"}}


@asynccontextmanager
async def opened_journal(scene: GroupScene) -> AsyncIterator[JournalAdapter]:
    """A person's own handle: a command takes longer to start than a call may be kept waiting."""
    journal = JournalAdapter(SqlJournal.open(f"sqlite:///{scene.config.with_suffix('.db')}", None))
    try:
        yield journal
    finally:
        await journal.aclose()


async def test_in_mode_ask_nothing_happens_until_a_yes_and_then_exactly_that_one(tap: Tap, tmp_path: Path) -> None:
    async with stage(tmp_path, tap, (TWO_AGED,)) as place:
        scene = place.scene(TWO_AGED.name, top={"mode": "ask"})
        kept, chosen = scene.group.instances[:2]
        async with scene.daemon() as daemon:
            assert await daemon.ended() == 0, "it waits for a person: settled"
            (said,) = {line["event"] for line in daemon.lines() if "awaiting approval: 2 aged (" in line["event"]}
        code, told = await scene.repave("get", "requests", "--json")
        proposed = {item["instance"]: item["id"] for item in json.loads(told)["requests"]}
        assert (code, set(proposed)) == (0, {kept, chosen})
        assert all(request_id in said for request_id in proposed.values())
        async with scene.daemon(until_settled=False) as daemon:
            await daemon.ticks(3)
            assert scene.mutations() == []
            code, _ = await scene.repave("approve", proposed[chosen])
            assert code == 0
            assert await daemon.reaches(Phase.CLOSED, scene.group.name) == proposed[chosen]
            await daemon.ticks(2)
            assert await daemon.stopped() == 0
        (done,) = await scene.replacements()
        assert (done.id, done.predecessor, done.outcome) == (proposed[chosen], chosen, Outcome.REPLACED)
        assert violations(scene.wire(), scene.group) == []
        members = (await place.remote.state())[scene.group.name]["instances"]
        assert (kept in members, chosen in members, len(members)) == (True, False, 3)
        assert await traced(scene, scene.trace_id(done), await scene.events(done)) == []
        root = attributes(root_of(tap.trace(scene.trace_id(done))))
        assert (root["user.name"], root["repave.request.id"]) == (who(), done.id)


@pytest.mark.parametrize(
    ("action", "moment"),
    [("SetInstanceProtection", "before"), ("DeregisterTargets", "before"), ("DeregisterTargets", "after")],
)
async def test_an_abort_outlives_the_daemon_that_was_to_obey_it(world: Stage, action: str, moment: str) -> None:
    """It is said under a hold and while a call is under way; the daemon is killed; the next one undoes, held or not."""
    scene = world.scene(REPLACED.name, fleet=NO_SECOND_TRY)
    async with (
        scene.daemon(until_settled=False) as first,
        scene.held(first, action, moment=moment),
    ):
        (under_way,) = await scene.replacements()
        async with opened_journal(scene) as journal:
            await tell.hold(journal, CLOCK, f"fleet:{scene.group.name}", None, "incident", "ann")
            turned = await request.abort(journal, CLOCK, under_way.id, "ben", "wrong one")
        assert "will be undone before its next call" in turned.sentence
        await first.killed()
    async with scene.daemon() as second:
        assert await second.ended() == 0
    assert await judged(scene, ABORTED) == []
    (done,) = await scene.replacements()
    events = await scene.events(done)
    (failed,) = [event for event in events if event.kind is Kind.FAILED]
    assert failed.facts["by"] == "ben"
    forward = [event for event in events[failed.ordinal :] if event.kind is Kind.CALLED and event.step]
    assert forward == []


async def test_once_the_termination_was_called_an_abort_is_told_that_it_is_too_late(world: Stage) -> None:
    scene = world.scene(REPLACED.name)
    async with (
        scene.daemon() as daemon,
        scene.held(daemon, "TerminateInstanceInAutoScalingGroup", moment="before") as call,
    ):
        (under_way,) = await scene.replacements()
        async with opened_journal(scene) as journal:
            with pytest.raises(Conflict, match="it is too late to abort"):
                await request.abort(journal, CLOCK, under_way.id, "ben")
        await call.release()
        assert await daemon.ended() == 0
    assert await judged(scene, REPLACED) == []
