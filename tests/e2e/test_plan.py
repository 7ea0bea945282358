"""`repave plan` and `repave why` change nothing, counted at the wire; their JSON is what was promised."""

import asyncio
import json

import pytest

from tests.e2e.harness.shapes import INSTANCE, PLAN, misfits
from tests.e2e.harness.stage import Stage
from tests.e2e.harness.stories import REPLACED
from tests.e2e.harness.wire import Request

pytestmark = pytest.mark.asyncio(loop_scope="package")

WANTED = 2


async def test_plan_and_why_make_no_mutating_call(world: Stage) -> None:
    scene = world.scene(REPLACED.name)
    aged = scene.group.instances[0]
    (planned, plan), (asked, why) = await asyncio.gather(
        scene.repave("plan", "--json", "--detailed-exitcode"), scene.repave("why", aged, "--json")
    )
    assert (planned, asked) == (WANTED, 0)
    asked_of_aws = [item for item in scene.wire() if isinstance(item, Request) and item.key in scene.keys]
    assert {item.key for item in asked_of_aws} == set(scene.keys), "both asked AWS"
    assert [item.call for item in asked_of_aws if item.mutating] == []
    assert [file.name for file in scene.folder.iterdir()] == ["repave.yaml"], "an absent journal stays absent"

    document = json.loads(plan)
    assert misfits(document, PLAN) == []
    (fleet,) = document["fleets"]
    by_id = {item["id"]: item for item in fleet["instances"]}
    assert by_id.keys() == set(scene.group.instances)
    assert {id_: item["decision"] for id_, item in by_id.items() if item["decision"] != "keep"} == {aged: "replace"}
    assert by_id[aged]["verdict"] == "aged"

    explained = json.loads(why)["instance"]
    assert misfits(explained, INSTANCE) == []
    assert (explained["id"], explained["verdict"]) == (aged, "aged")
    (age,) = [item for item in explained["evidence"] if item["outcome"] == "breached"]
    assert age["value"] > 30 * 86400
    assert age["threshold"] == "above 2592000"
