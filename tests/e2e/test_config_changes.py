"""A running daemon follows its configuration, in S3 and in a file: what it takes is in its traces, and nothing wrong is
taken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiobotocore.session import get_session
from aiohttp import ClientSession

from controller.domain.lifecycle import Outcome, Phase
from tests.e2e.harness.daemon import REPAVE, Daemon, process
from tests.e2e.harness.stage import GroupScene, Stage
from tests.e2e.harness.stories import REPLACED
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")

BUCKET = "configurations"
TAKEN = "the configuration was read again and is in force"
REFUSED = "the configuration is refused"


@asynccontextmanager
async def bucket(scene: GroupScene) -> AsyncIterator[Any]:
    """S3 of the world, with a bucket that keeps versions."""
    world = scene.stage.world
    made = get_session().create_client(
        "s3",
        endpoint_url=world.endpoint,
        region_name=world.region,
        aws_access_key_id="AKIAWRITER",
        aws_secret_access_key="not-a-secret",
    )
    async with made as s3:
        await s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": world.region})
        await s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield s3


async def put(s3: Any, text: str) -> str:
    """The version that the object has from now on."""
    answer = await s3.put_object(Bucket=BUCKET, Key="repave.yaml", Body=text.encode())
    return str(answer["VersionId"])


async def in_force(daemon: Daemon) -> dict[str, Any]:
    async with ClientSession() as session, session.get(f"{await daemon.url()}/api/v1/fleets") as response:
        return dict((await response.json())["config"])


async def metrics(daemon: Daemon) -> str:
    async with ClientSession() as session, session.get(f"{await daemon.url()}/metrics") as response:
        return await response.text()


def of_the_config(span: Any) -> tuple[str, str]:
    told = {item.key: item.value.string_value for item in span.attributes}
    return told.get("repave.config.hash", ""), told.get("repave.config.version", "")


async def test_a_newer_object_is_taken_a_wrong_one_is_not_and_the_trace_says_which(world: Stage) -> None:
    scene = world.scene(REPLACED.name, fleet={"max_image_age": "999d", "degraded_when": []}, top={"reload_every": "1s"})
    still = scene.config.read_text(encoding="utf-8")
    replacing = still.replace("max_image_age: 999d", "max_image_age: 30d")
    fleet = scene.group.name
    async with AsyncExitStack() as stack:
        s3 = await stack.enter_async_context(bucket(scene))
        first = await put(s3, still)
        key = scene._key(looks=False)
        environment = {**scene._environment(key), "REPAVE_CONFIG": f"s3://{BUCKET}/repave.yaml"}
        running = process((*REPAVE, "run"), environment, key, scene.folder / f"{key}.log")
        daemon = await stack.enter_async_context(running)
        await daemon.ticks(1)
        assert (await in_force(daemon))["version"] == first
        old = (await in_force(daemon))["hash"]

        await put(s3, replacing.replace("max_image_age", "max_image_aeg"))
        line = await daemon.says(event=REFUSED)
        assert "unknown key 'max_image_aeg'. Did you mean 'max_image_age'?" in line["problem"]
        assert line["problem"].startswith(f"s3://{BUCKET}/repave.yaml:")
        await asyncio.sleep(4)  # four more looks
        assert sum(line["event"] == REFUSED for line in daemon.lines()) == 1, "one complaint, not one a look"
        config = await in_force(daemon)
        assert (config["hash"], config["version"], config["refused_at"] is None) == (old, first, False)

        second = await put(s3, replacing)
        taken = await daemon.says(event=TAKEN)
        assert (taken["config_version"], taken["changed"]) == (second, [fleet])
        await daemon.reaches(Phase.CLOSED, fleet)
        config = await in_force(daemon)
        assert (config["version"], config["refused_at"]) == (second, None)
        assert f'repave_config_info{{hash="{config["hash"]}",version="{second}"}} 1.0' in await metrics(daemon)
        assert await daemon.stopped() == 0
    (replacement,) = await scene.replacements()
    assert replacement.outcome is Outcome.REPLACED
    (root,) = [span for span in scene.tap.trace(scene.trace_id(replacement)) if not span.parent_span_id]
    assert of_the_config(root) == (config["hash"], second) != (old, first)


async def test_a_file_that_is_swapped_is_followed_and_one_that_goes_and_comes_back_changes_nothing(
    world: Stage,
) -> None:
    scene = world.scene(REPLACED.name, fleet={"max_image_age": "999d", "degraded_when": []}, top={"reload_every": "1s"})
    async with scene.daemon(until_settled=False) as daemon:
        await daemon.ticks(1)
        before = await in_force(daemon)
        newer = scene.folder / "newer.yaml"
        newer.write_text(scene.config.read_text(encoding="utf-8").replace("999d", "998d"), encoding="utf-8")
        newer.replace(scene.config)
        taken = await daemon.says(event=TAKEN)
        after = await in_force(daemon)
        assert after["hash"] == taken["config_hash"] != before["hash"]
        assert (after["version"], taken["config_version"]) == (None, "")

        text = scene.config.read_text(encoding="utf-8")
        scene.config.unlink()
        line = await daemon.says(event=REFUSED)
        assert line["problem"].endswith("there is no such file; name another with -c.")
        scene.config.write_text(text, encoding="utf-8")

        async def forgiven() -> bool:
            return (await in_force(daemon))["refused_at"] is None

        await eventually(forgiven, within_seconds=20)
        assert (await in_force(daemon))["hash"] == after["hash"]
        assert await daemon.stopped() == 0
