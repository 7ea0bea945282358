"""One container of a real engine replaced from end to end by the daemon itself."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.docker_engine import Api
from tests.support.docker_fleet import Container, Fleet, fleet
from tests.support.docker_images import REPOSITORY, Image, Recipe, build, move_tag, remove
from tests.support.eventually import eventually

CONFIG = """\
version: 1
mode: act
state: sqlite:///{folder}/journal.db
tick: 1s
listen: "127.0.0.1:0"
limits: {{replacements_per_hour: 100}}
fleets:
  edge:
    docker: {{host: "{url}", label: "{label}"{docker}}}
    warm_up: 0s
    degraded_when: [{{name: sick, docker_health: {{}}, for: 0s}}]
    verify: {{ready_within: 30s, bake: 0s}}
    limits: {{replacements_per_hour: 100}}
    cooldown: {{base: 1h}}
"""


@pytest.fixture
async def web(engine: Api, app_image: Image) -> AsyncIterator[Fleet]:
    async with fleet(engine, app_image, 2, aliases=("web",), stop_seconds=2, environment={"KEY": "1"}) as running:
        await running.answering()
        await running.healthy()
        yield running


async def settled(web: Fleet, folder: Path, docker: str = "") -> tuple[int, list[dict[str, Any]]]:
    """`repave run --until-settled`: its exit code, and what it logged."""
    path = folder / "repave.yaml"
    path.write_text(CONFIG.format(folder=folder, url=web.api.url, label=web.label, docker=docker))
    command = (str(Path(sys.executable).with_name("repave")), "run", "-c", str(path), "--until-settled")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 100)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = output.decode().splitlines()
    assert process.returncode != 2, output.decode()
    return process.returncode or 0, [json.loads(line) for line in lines if line.startswith("{")]


async def sick(web: Fleet, container: Container) -> None:
    """Wait until the engine calls it unhealthy."""

    async def look() -> bool:
        return bool((await web.api.inspect(container.id))["State"]["Health"]["Status"] == "unhealthy")

    await eventually(look, within_seconds=30)


def seconds(log: list[dict[str, Any]], one: str, other: str) -> float:
    """From the first event of this text to the first of that one."""
    found = [next(line["timestamp"] for line in log if what in line["event"]) for what in (one, other)]
    began, ended = (datetime.fromisoformat(text) for text in found)
    return (ended - began).total_seconds()


async def test_a_sick_container_is_replaced_and_nothing_of_it_is_left_but_its_name(web: Fleet, tmp_path: Path) -> None:
    old = web[1]
    await web.ask(old, "/control/fail")
    await sick(web, old)
    code, log = await settled(web, tmp_path)
    assert code == 0, log
    now = await web.now(every=True)
    assert set(now) == {web.name(1), web.name(2)}
    assert now[web.name(1)] != old.short
    fresh = await web.api.inspect(now[web.name(1)])
    joined = fresh["NetworkSettings"]["Networks"][web.network]
    assert joined["Aliases"] == ["web", now[web.name(1)]]
    assert "KEY=1" in fresh["Config"]["Env"]
    assert fresh["Config"]["Labels"]["repave.fleet"] == "edge"
    assert fresh["State"]["Health"]["Status"] == "healthy"
    assert any("ended: replaced" in line["event"] for line in log)


async def test_ports_move_within_their_range_volumes_are_shared_and_networks_are_joined_again(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 0) as web:
        back = f"{web.network}-back"
        await engine.call("POST", "/networks/create", {"Name": back, "Labels": {"repave.test": web.mark}})
        port = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "21200"}]}
        old = await web.add(1, app_image, host={"PortBindings": port}, more={"Volumes": {"/data": {}}}, stop_seconds=2)
        await engine.call(
            "POST", f"/networks/{back}/connect", {"Container": old.id, "EndpointConfig": {"Aliases": ["db"]}}
        )
        was = await engine.inspect(old.id)
        await web.answering()
        await web.ask(old, "/control/fail")
        await sick(web, old)
        code, log = await settled(web, tmp_path, ", ports: 21200-21209, volumes: shared")
        assert code == 0, log
        now = await engine.inspect(web.name(1))
        assert now["Id"] != old.id
        (bound,) = {one["HostPort"] for one in now["NetworkSettings"]["Ports"]["80/tcp"]}
        assert 21200 < int(bound) <= 21209
        assert [one["Name"] for one in now["Mounts"]] == [one["Name"] for one in was["Mounts"]]
        joined = now["NetworkSettings"]["Networks"]
        assert set(joined) == {web.network, back}
        assert "db" in joined[back]["Aliases"]


async def test_one_that_hangs_is_killed_after_its_own_time(web: Fleet, tmp_path: Path) -> None:
    old = web[1]
    await web.api.signal(old.id, signal.SIGSTOP)
    await sick(web, old)
    code, log = await settled(web, tmp_path, ", quarantine: 1h")
    assert code == 0, log
    now = await web.now(every=True)
    (kept,) = [name for name in now if ".quarantine-" in name]
    assert now[kept] == old.short
    assert (await web.api.inspect(old.id))["State"]["ExitCode"] == 137
    assert now[web.name(1)] != old.short
    assert 1.5 < seconds(log, "calls docker.ContainerStop", "docker.ContainerStop returned") < 15


@dataclass(frozen=True)
class Broken(Recipe):
    """An image whose containers run something else than the app."""

    command: tuple[str, ...] = ()

    def dockerfile(self, base: str) -> str:
        return super().dockerfile(base) + f"CMD {json.dumps(self.command)}\n"


@pytest.mark.parametrize(
    ("command", "kind", "words"),
    [
        (("/bin/sh", "-c", "echo no database here; exit 3"), "successor_exited", "exit code 3"),
        (("/no/such/program",), "start", "no such file or directory"),
    ],
)
async def test_a_successor_that_does_not_stay_up_leaves_the_old_one_as_it_was(
    engine: Api, app_image: Image, web: Fleet, tmp_path: Path, command: tuple[str, ...], kind: str, words: str
) -> None:
    moving, tag = f"{REPOSITORY}:moving-{web.mark}", f"broken-{web.mark}"
    await move_tag(engine, moving, app_image)
    old = await web.add(3, moving, stop_seconds=2)
    await web.answering()
    await move_tag(engine, moving, await build(engine, tag, Broken(command=command)))
    try:
        await web.ask(old, "/control/fail")
        await sick(web, old)
        code, log = await settled(web, tmp_path)
        assert code == 1, log
        now = await web.now(every=True)
        assert now == {one.name: one.short for one in web.containers.values()}
        ended = [json.dumps(line) for line in log if "failed" in line["event"]]
        assert any(words in line for line in ended), ended
        assert kind != "successor_exited" or any("no database here" in line for line in ended), ended
    finally:
        await web.api.clear(web.label)
        await remove(engine, moving, f"{REPOSITORY}:{tag}")
