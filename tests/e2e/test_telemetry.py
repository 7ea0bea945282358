"""What CloudWatch's metrics and logs tell: a full disk and a host out of memory are repaved with their evidence, a dead
log shipper is blind, and hosts without such lines are healthy."""

import json
from typing import Any

import pytest

from controller.demo.emissions import Emits, LogSpec, MetricSpec
from controller.demo.scenario import MemberSpec
from controller.demo.scenarios import fleet
from tests.e2e.harness.contract import traced
from tests.e2e.harness.laws import launches, violations
from tests.e2e.harness.stage import GroupScene, stage
from tests.e2e.harness.tap import Tap
from tests.e2e.harness.traces import attributes
from tests.e2e.harness.wire import Request

pytestmark = pytest.mark.asyncio(loop_scope="package")

ZONE = "eu-west-1a"
DISK = MetricSpec(name="disk_used_percent", dimensions={"path": "/"}, value=40, noise=2, every_seconds=1)
LINES = LogSpec(group="/web/system", message="session opened for user app", lines_per_minute=30)
OOM = LogSpec(group="/web/system", message="kernel: Out of memory: Killed process 4242 (java)", lines_per_minute=30)


def member(**emits: Any) -> MemberSpec:
    return MemberSpec(zone=ZONE, version=2, emits=Emits(**emits))


FULL, STARVED, SHIPPER = 0, 1, 2
MEMBERS = (
    member(metrics=(DISK.model_copy(update={"value": 97.0}),)),
    member(logs=(OOM,)),
    member(logs=(LINES.model_copy(update={"silent": True}),)),
    *(member() for _ in range(5)),
)
GROUP = fleet("web", zones=1).model_copy(
    update={"members": MEMBERS, "maximum": 9, "emits": Emits(metrics=(DISK,), logs=(LINES,))}
)
METRIC = {"namespace": "CWAgent", "metric": "disk_used_percent", "stat": "Maximum", "period": "1s", "lag": "30s"}
CONFIG = {
    "degraded_when": [
        {"name": "disk filling", "cloudwatch": {**METRIC, "dimensions": {"path": "/"}}, "above": 90, "for": "3s"},
        {
            "name": "out of memory",
            "cloudwatch_logs": {"group": "/web/system", "match": "Out of memory", "silent_after": "20s"},
            "count": 3,
            "within": "1m",
            "missing": "zero",
        },
    ],
    "blind_after": "2s",
}


@pytest.mark.timeout(180)
async def test_metrics_and_lines_condemn_and_silence_does_not(
    tap: Tap, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with stage(tmp_path_factory.mktemp("telemetry"), tap, (GROUP,)) as place:
        scene = place.scene("web", fleet=CONFIG)
        async with scene.daemon() as daemon:
            assert await daemon.ended(120) == 0
        await the_right_two_were_replaced(scene)
        await their_evidence_is_in_the_trace(scene)
        await the_others_are_told_apart(scene)


async def the_right_two_were_replaced(scene: GroupScene) -> None:
    ids = scene.group.instances
    assert violations(scene.wire(), scene.group) == []
    assert launches(scene.wire(), scene.group) == 2
    state = (await scene.stage.remote.state())[scene.group.name]
    assert set(ids) - state["instances"].keys() == {ids[FULL], ids[STARVED]}
    assert state["desired"] == len(state["serving"]) == len(ids)
    asked = {item.call for item in scene.wire() if isinstance(item, Request) and item.ours}
    assert {"monitoring:GetMetricData", "logs:StartQuery", "logs:GetQueryResults", "logs:FilterLogEvents"} <= asked


async def their_evidence_is_in_the_trace(scene: GroupScene) -> None:
    ids, done = scene.group.instances, {item.predecessor: item for item in await scene.replacements()}
    for predecessor, rule in ((ids[FULL], "disk filling"), (ids[STARVED], "out of memory")):
        item = done[predecessor]
        assert (item.causes, item.outcome) == ((rule,), "replaced")
        assert await traced(scene, scene.trace_id(item), await scene.events(item)) == []
        (observe,) = [span for span in scene.tap.trace(scene.trace_id(item)) if span.name == "observe"]
        notes = [attributes(note) for note in observe.events]
        (found,) = [note for note in notes if note.get("repave.evidence.found")]
        assert found["repave.rule"] == rule
        if rule == "disk filling":
            assert found["repave.evidence.value"] > 90
            assert found["repave.evidence.breached_for_seconds"] >= 3
            assert f"InstanceId={predecessor}" in found["repave.evidence.query"]
            assert "repave.evidence.samples" not in found
        else:
            assert found["repave.evidence.value"] >= 3
            assert found["repave.evidence.samples"] == [OOM.message] * 5


async def the_others_are_told_apart(scene: GroupScene) -> None:
    code, planned = await scene.repave("plan", "--json")
    assert code == 0
    (told,) = json.loads(planned)["fleets"]
    by_id = {item["id"]: item for item in told["instances"]}
    silent = scene.group.instances[SHIPPER]
    for id_, item in by_id.items():
        disk, lines = (
            next(one for one in item["evidence"] if one["rule"] == name) for name in ("disk filling", "out of memory")
        )
        assert disk["outcome"] == "ok"
        assert (lines["outcome"], lines["value"]) == (("unknown", None) if id_ == silent else ("ok", 0.0))
    (lines,) = [one for one in by_id[silent]["evidence"] if one["rule"] == "out of memory"]
    assert "its log shipper may be dead" in lines["reason"]
    assert {item["verdict"] for id_, item in by_id.items() if id_ != silent} == {"healthy"}
    refused = {attributes(span)["repave.instance.id"]: span for span in scene.tap.of("hold web")}
    assert set(attributes(refused[silent])["repave.vetoes"]) == {"blind"}
