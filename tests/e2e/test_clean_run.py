"""A run without accidents: two of seven are replaced, two are left alone, and the traces tell all of it."""

import json
from itertools import pairwise

import pytest

from controller.demo.scenario import MemberSpec, StatusCheck, TargetState
from controller.demo.scenarios import fleet
from tests.e2e.harness.contract import traced
from tests.e2e.harness.laws import launches, violations
from tests.e2e.harness.stage import GroupScene, stage
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.traces import CLIENT, attributes, root_of

pytestmark = pytest.mark.asyncio(loop_scope="package")

ZONE = "eu-west-1a"
MEMBERS = (
    *(MemberSpec(zone=ZONE, version=2) for _ in range(3)),
    MemberSpec(zone=ZONE, version=2, target=TargetState.UNHEALTHY),
    MemberSpec(zone=ZONE, version=1, age_days=47),
    MemberSpec(zone=ZONE, version=1, age_days=52, protected=True),
    MemberSpec(zone=ZONE, version=2, status=StatusCheck.INSUFFICIENT_DATA),
)
SICK, AGED, PROTECTED, SILENT = range(3, 7)
GROUP = fleet("web", zones=1).model_copy(update={"members": MEMBERS, "maximum": 8})
CONFIG = {
    "degraded_when": [
        {"name": "failing checks", "target_health": {}, "for": "0s", "urgent": True},
        {"name": "host impaired", "ec2_status": {}, "for": "0s"},
    ],
    "blind_after": "2s",
}


@pytest.mark.timeout(180)
async def test_a_fleet_is_repaved_and_every_yes_and_no_is_in_a_trace(
    tap: Tap, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with stage(tmp_path_factory.mktemp("clean"), tap, (GROUP,)) as place:
        scene = place.scene("web", fleet=CONFIG)
        async with scene.daemon() as daemon:
            assert await daemon.ended(120) == 0
        await the_wire_is_sound(scene)
        await every_yes_is_a_trace(scene)
        every_look_is_a_trace(scene)
        refused = every_no_is_a_trace(scene)
        async with scene.daemon(until_settled=False) as daemon:
            await daemon.ticks(3)
        assert every_no_is_a_trace(scene) == refused, "what did not change is not told again"
        await the_journal_says_the_same(scene)


async def the_wire_is_sound(scene: GroupScene) -> None:
    ids = scene.group.instances
    assert violations(scene.wire(), scene.group) == []
    assert launches(scene.wire(), scene.group) == 2
    state = (await scene.stage.remote.state())[scene.group.name]
    assert state["desired"] == len(state["serving"]) == len(state["instances"]) == 7
    assert set(ids) - state["instances"].keys() == {ids[SICK], ids[AGED]}
    assert [id_ for id_, member in state["instances"].items() if member["protected"]] == [ids[PROTECTED]]


async def every_yes_is_a_trace(scene: GroupScene) -> None:
    done = await scene.replacements()
    ids = scene.group.instances
    assert [(item.predecessor, item.outcome) for item in done] == [(ids[SICK], "replaced"), (ids[AGED], "replaced")]
    for item, rule, verdict in zip(done, ("failing checks", "max_image_age"), ("degraded", "aged"), strict=True):
        assert await traced(scene, scene.trace_id(item), await scene.events(item)) == []
        spans = scene.tap.trace(scene.trace_id(item))
        root = root_of(spans)
        told = attributes(root)
        assert (root.name, told["repave.rule"], told["repave.verdict"]) == ("replace web", rule, verdict)
        assert (told["repave.predecessor.id"], told["repave.successor.id"]) == (item.predecessor, item.successor)
        assert (told["repave.verification"], told["repave.outcome"]) == ("improved", "replaced")
        assert told["repave.policy.hash"] == item.policy_hash
        assert item.closed_at is not None
        seconds = (item.closed_at - item.accepted_at).total_seconds()
        assert (root.end_time_unix_nano - root.start_time_unix_nano) / 1e9 == pytest.approx(seconds, abs=1e-5)

        by_name = {span.name: span for span in spans if span.kind != CLIENT}
        accepted = by_name["accepted"]
        assert accepted.start_time_unix_nano == accepted.end_time_unix_nano
        evidence = {note.attributes[0].key: note for note in by_name["observe"].events}
        assert evidence
        notes = [{item.key for item in note.attributes} for note in by_name["observe"].events]
        wanted = {"repave.rule", "repave.evidence.query", "repave.evidence.threshold", "repave.evidence.outcome"}
        assert len(notes) == 3
        assert all(wanted <= keys for keys in notes)
        steps = {by_name[step].span_id for step in ("launch", "await_ready", "drain", "terminate")}
        assert {span.parent_span_id for span in spans if span.kind == CLIENT} == steps


def every_no_is_a_trace(scene: GroupScene) -> dict[str, list[set[str]]]:
    """The vetoes of each instance that was refused, as they changed. A trace of its own for every change."""
    tap, ids = scene.tap, scene.group.instances
    told: dict[str, list[set[str]]] = {}
    for span in tap.of("hold web"):
        assert not span.parent_span_id
        assert len(tap.trace(span.trace_id.hex())) == 1
        about = attributes(span)
        told.setdefault(about["repave.instance.id"], []).append(set(about["repave.vetoes"]))
    for changes in told.values():
        assert all(one != next_one for one, next_one in pairwise(changes)), changes
    assert told[ids[PROTECTED]][-1] == {"protected"}
    assert told[ids[SILENT]][-1] == {"blind"}
    return told


def every_look_is_a_trace(scene: GroupScene) -> None:
    """Where a look's time went: what was observed under it, and every call under what it was made for."""
    tap = scene.tap
    looks = tap.of("tick web")
    assert looks
    for root in looks:
        spans = {span.span_id: span for span in tap.trace(root.trace_id.hex())}
        assert [span.name for span in spans.values() if not span.parent_span_id] == ["tick web"]
        assert all(span.parent_span_id in spans for span in spans.values() if span.parent_span_id), "an orphan"
    (first, *_) = looks
    assert attributes(first)["repave.tick.count.degraded"] == 1
    named = {span.name: span for span in tap.trace(first.trace_id.hex())}
    assert named["inventory"].parent_span_id == named["observe"].span_id
    asked = named["autoscaling.DescribeAutoScalingGroups"]
    assert (asked.parent_span_id, asked.kind) == (named["inventory"].span_id, CLIENT)


async def the_journal_says_the_same(scene: GroupScene) -> None:
    code, listed = await scene.repave("get", "replacements", "--json")
    assert code == 0
    rows = {row["id"]: row for row in json.loads(listed)["replacements"]}
    for item in await scene.replacements():
        row = rows[item.id]
        assert (row["predecessor"], row["successor"]) == (item.predecessor, item.successor)
        assert (row["trace_id"], row["outcome"]) == (scene.trace_id(item), "replaced")
