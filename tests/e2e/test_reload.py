"""SIGHUP under a running daemon: a good file is taken, a wrong one refused whole, and open work keeps its policy."""

import json
import signal
from functools import partial
from typing import Any

import pytest
from aiohttp import ClientSession
from ruamel.yaml import YAML

from controller.domain.lifecycle import Outcome, Phase
from controller.domain.replacement import Replacement
from tests.e2e.harness.daemon import Daemon
from tests.e2e.harness.stage import GroupScene, Stage
from tests.e2e.harness.stories import REPLACED
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")

TAKEN = "the configuration was read again and is in force"
STAYS = "the configuration from before stays in force"


async def fleets(daemon: Daemon) -> Any:
    async with ClientSession() as session, session.get(f"{await daemon.url()}/api/v1/fleets") as response:
        return await response.json()


async def text(daemon: Daemon, path: str) -> str:
    async with ClientSession() as session, session.get(f"{await daemon.url()}{path}") as response:
        assert response.status == 200
        return await response.text()


def rewrite(scene: GroupScene, before: str, after: str) -> None:
    written = scene.config.read_text(encoding="utf-8")
    assert before in written
    scene.config.write_text(written.replace(before, after), encoding="utf-8")


def change(scene: GroupScene, fleet: str, **keys: str) -> None:
    """Say something else of a fleet; without anything to say, leave it out."""
    yaml = YAML(typ="safe")
    document = yaml.load(scene.config.read_text(encoding="utf-8"))
    if keys:
        document["fleets"][fleet].update(keys)
    else:
        del document["fleets"][fleet]
    with scene.config.open("w", encoding="utf-8") as file:
        yaml.dump(document, file)


async def reloaded(daemon: Daemon, said: str) -> dict[str, Any]:
    """SIGHUP, and the line that tells what came of it."""
    before = sum(line["event"] == said for line in daemon.lines())
    daemon.signal(signal.SIGHUP)

    async def look() -> dict[str, Any] | None:
        lines = [line for line in daemon.lines() if line["event"] == said]
        return lines[-1] if len(lines) > before else None

    found = await eventually(look, within_seconds=30)
    assert found is not None
    return found


async def refused_whole(scene: GroupScene, daemon: Daemon, fleet: str) -> None:
    """A file with a misspelt key, one that leaves the fleet out; then the good one again."""
    good = scene.config.read_text(encoding="utf-8")
    rewrite(scene, "max_image_age: 29d", "max_image_aeg: 29d")
    await reloaded(daemon, STAYS)
    problem = next(line["problem"] for line in daemon.lines() if line["event"] == "the configuration is refused")
    assert "unknown key 'max_image_aeg'. Did you mean 'max_image_age'?" in problem
    assert (await fleets(daemon))["config"]["refused_at"] is not None
    assert "the configuration is refused since" in await text(daemon, "/readyz")
    assert "repave_config_last_reload_successful 0.0" in await text(daemon, "/metrics")

    scene.config.write_text(good.replace(f"{fleet}:", f"{fleet}-else:"), encoding="utf-8")
    await reloaded(daemon, STAYS)
    problems = [line["problem"] for line in daemon.lines() if line["event"] == "the configuration is refused"]
    assert f"leaves out fleets with replacements under way: {fleet}" in problems[-1]

    scene.config.write_text(good, encoding="utf-8")
    await reloaded(daemon, TAKEN)
    assert (await fleets(daemon))["config"]["refused_at"] is None


async def test_what_is_under_way_keeps_its_policy_and_a_wrong_file_changes_nothing(world: Stage) -> None:
    scene = world.scene(REPLACED.name)
    fleet = scene.group.name
    async with scene.daemon(until_settled=False) as daemon:
        async with scene.held(daemon, "SetInstanceProtection", moment="before") as request:
            old = await fleets(daemon)
            rewrite(scene, "max_image_age: 30d", "max_image_age: 29d")
            taken = await reloaded(daemon, TAKEN)
            assert (taken["added"], taken["changed"], taken["removed"]) == ([], [fleet], [])
            new = await fleets(daemon)
            assert new["config"]["hash"] == taken["config_hash"] != old["config"]["hash"]
            assert new["config"]["loaded_at"] > old["config"]["loaded_at"]
            assert new["fleets"][0]["lease"]["token"] == old["fleets"][0]["lease"]["token"], (
                "the lease was not given up"
            )

            await refused_whole(scene, daemon, fleet)
            await request.release()
        await daemon.reaches(Phase.CLOSED, fleet)
        between = (await plan(daemon))["policy_hash"]
        change(scene, fleet, max_age="1h", max_image_age="29d")
        await reloaded(daemon, TAKEN)
        newest = await eventually(partial(second, scene), within_seconds=60)
        assert newest is not None
        assert await daemon.stopped() == 0
    first = (await scene.replacements())[0]
    assert first.outcome is Outcome.REPLACED
    assert len({first.policy_hash, between, newest.policy_hash}) == 3, "each was accepted under the policy of its time"
    spans = scene.tap.trace(scene.trace_id(first))
    told = {value for span in spans for key, value in attributes(span).items() if key == "repave.policy.hash"}
    assert told == {first.policy_hash}


async def second(scene: GroupScene) -> Replacement | None:
    return next(iter((await scene.replacements())[1:]), None)


async def plan(daemon: Daemon) -> Any:
    return json.loads(await text(daemon, "/api/v1/plan"))["fleets"][0]


def attributes(span: Any) -> dict[str, str]:
    return {item.key: item.value.string_value for item in span.attributes}


async def test_fleets_come_and_go_and_the_others_do_not_notice(world: Stage) -> None:
    scene = world.scene(REPLACED.name, REPLACED.name, fleet={"max_image_age": "999d", "degraded_when": []})
    stays, goes = (group.name for group in scene.groups)
    async with scene.daemon(until_settled=False) as daemon:
        await daemon.ticks(1, fleet=stays)
        await daemon.ticks(1, fleet=goes)
        whole = scene.config.read_text(encoding="utf-8")
        before = {row["name"]: row for row in (await fleets(daemon))["fleets"]}
        change(scene, goes)
        assert (await reloaded(daemon, TAKEN))["removed"] == [goes]
        rows = {row["name"]: row for row in (await fleets(daemon))["fleets"]}
        assert rows.keys() == {stays}
        assert rows[stays]["lease"]["token"] == before[stays]["lease"]["token"]
        count = sum(line.get("fleet") == goes and "settled" in line for line in daemon.lines())
        await daemon.ticks(2, fleet=stays)
        assert sum(line.get("fleet") == goes and "settled" in line for line in daemon.lines()) == count
        scene.config.write_text(whole, encoding="utf-8")
        assert (await reloaded(daemon, TAKEN))["added"] == [goes]
        await daemon.ticks(1, fleet=goes)
        rows = {row["name"]: row for row in (await fleets(daemon))["fleets"]}
        assert rows[goes]["lease"]["token"] > before[goes]["lease"]["token"], "it had been given up, and was taken anew"
        rewrite(scene, "127.0.0.1:0", "127.0.0.1:1")
        await reloaded(daemon, STAYS)
        problems = [line["problem"] for line in daemon.lines() if line["event"] == "the configuration is refused"]
        assert problems == ["'listen' cannot change while the daemon runs: it needs a restart."]
        assert await daemon.stopped() == 0


async def test_clients_that_listen_do_not_hold_up_the_end(world: Stage) -> None:
    scene = world.scene(REPLACED.name, fleet={"max_image_age": "999d", "degraded_when": []})
    async with scene.daemon(until_settled=False) as daemon, ClientSession() as session:
        url = f"{await daemon.url()}/api/v1/events"
        async with session.get(url) as one, session.get(url) as two:
            told = [await one.content.readuntil(b"\n\n") for _ in range(2)]
            assert (told[0], told[1].startswith(b"id: ")) == (b": connected\n\n", True)
            assert await daemon.stopped() == 0, "within 20 s"
            assert b"event: tick" in await two.read()
