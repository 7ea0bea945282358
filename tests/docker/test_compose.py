"""deploy/compose.yaml, started as a person starts it: the daemon, its fleet, HAProxy and Prometheus find each other."""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientError, ClientSession, ClientTimeout
from ruamel.yaml import YAML

from tests.house.project import ROOT
from tests.support.docker_engine import Api, Refused
from tests.support.docker_images import Recipe, build, program_image
from tests.support.eventually import eventually
from tests.support.haproxy import needs_haproxy
from tests.support.image import repave_image

pytestmark = pytest.mark.timeout(400)  # the image may have to be built first
OBSERVE = ("-f", "compose.yaml", "-f", "compose.observe.yaml")

# A person waits; a test waits less.
SHORTER = {
    "compose/repave.yaml": {
        "tick: 5s": "tick: 1s",
        "docker_health: {}, for: 10s": "docker_health: {}, for: 2s",
        "warm_up: 10s": "warm_up: 2s",
        "bake: 10s": "bake: 2s",
        "drain: {timeout: 30s}": "drain: {timeout: 5s}",
    },
    "compose/prometheus.yaml": {
        "scrape_interval: 15s": "scrape_interval: 1s",
        "evaluation_interval: 15s": "evaluation_interval: 1s",
    },
}


def composer() -> list[str]:
    """Docker Compose: the plug-in, or the command of the Debian package."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plugin.returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose") is None:
        pytest.skip("needs Docker Compose: the Debian package docker-compose")
    return ["docker-compose"]


@dataclass(frozen=True)
class Stack:
    """A copy of deploy/ as one project of Compose."""

    folder: Path
    project: str
    environment: dict[str, str]

    def run(self, *arguments: str) -> str:
        """What compose prints; AssertionError with all that it says when it fails."""
        command = [*composer(), "--project-name", self.project, *arguments]
        ran = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=110, check=False
        )
        assert ran.returncode == 0, f"{' '.join(arguments)}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    def address(self, service: str, port: int) -> str:
        return f"http://{self.run('port', service, str(port)).strip()}"


@pytest.fixture
def stack(engine: Api, tmp_path: Path) -> Stack:
    """Not started. Its containers have a label of their own, so that other tests' fleets are left alone."""
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        pytest.skip("needs the Debian package prometheus")
    folder, project = tmp_path / "deploy", f"repave-{secrets.token_hex(4)}"
    shutil.copytree(ROOT / "deploy", folder, ignore=shutil.ignore_patterns("terraform", ".terraform*"))
    (folder / "compose" / "token").write_text(secrets.token_hex(16), encoding="utf-8")
    changes = {name: dict(pairs) for name, pairs in SHORTER.items()}
    changes["compose/repave.yaml"] |= {"label: fleet=edge": f"label: fleet={project}"}
    changes["compose.yaml"] = {"labels: {fleet: edge}": f"labels: {{fleet: {project}}}"}
    for name, pairs in changes.items():
        text = (folder / name).read_text(encoding="utf-8")
        for before, after in pairs.items():
            assert text.count(before) == 1, f"{before} in {name}"
            text = text.replace(before, after)
        (folder / name).write_text(text.replace("- /var/run/docker.sock:", f"- {engine.socket}:"), encoding="utf-8")
    environment = os.environ | {
        "DOCKER_HOST": engine.url,
        "DOCKER_GID": str(engine.socket.stat().st_gid),
        "REPAVE_IMAGE": "repave:0.1.0",
        "HAPROXY_IMAGE": asyncio.run(program_image(engine, "haproxy", needs_haproxy())),
        "PROMETHEUS_IMAGE": asyncio.run(program_image(engine, "prometheus", prometheus)),
        "WEB_IMAGE": asyncio.run(build(engine, "compose", Recipe(health_seconds=0))).reference,
        **dict.fromkeys(("REPAVE_PORT", "HAPROXY_PORT", "PROMETHEUS_PORT"), "0"),
    }
    return Stack(folder, project, dict(environment))


@pytest.fixture(scope="module")
def image(engine: Api) -> str:
    return repave_image(engine)


@pytest_asyncio.fixture
async def started(stack: Stack, engine: Api, image: str) -> AsyncIterator[Stack]:
    stack.environment["REPAVE_IMAGE"] = image
    # An image of one program has no entry point, and Prometheus' own has.
    place = stack.folder / "compose.yaml"
    text = place.read_text(encoding="utf-8")
    place.write_text(text.replace("command: [--config.file", "command: [prometheus, --config.file"), encoding="utf-8")
    try:
        stack.run("up", "--detach")
        yield stack
    finally:
        print(stack.run("logs", "--no-color", "repave"))  # shown when the test fails
        await engine.clear(f"fleet={stack.project}")
        stack.run("down", "--volumes", "--timeout", "2")


async def get(url: str, **parameters: str) -> str:
    try:
        async with (
            ClientSession(timeout=ClientTimeout(3)) as session,
            session.get(url, params=parameters) as response,
        ):
            assert response.status == 200, f"{url}: {response.status}"
            return (await response.text()).strip()
    except (ClientError, TimeoutError) as error:
        raise AssertionError(f"{url}: {error!r}") from error


async def served_by(front: str, asked: int = 12) -> set[str]:
    """Who answers through HAProxy: the host names of containers."""
    return {await get(front) for _ in range(asked)}


async def has_no_more_than_it_needs(engine: Api, container: str) -> bool:
    """Read-only, no capability, no user of the system, and nobody else's port."""
    found = await engine.inspect(container)
    host = found["HostConfig"]
    published = [one["HostIp"] for ports in found["NetworkSettings"]["Ports"].values() for one in ports or ()]
    return (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"], found["Config"]["User"], published) == (
        True,
        ["ALL"],
        False,
        "65532:65532",
        ["127.0.0.1"],
    )


async def test_the_daemon_its_fleet_haproxy_and_prometheus_find_each_other(started: Stack, engine: Api) -> None:
    front, prometheus = started.address("haproxy", 8000), started.address("prometheus", 9090)
    for service in ("repave", "haproxy"):
        assert await has_no_more_than_it_needs(engine, started.run("ps", "-q", service).strip())

    async def all_three() -> set[str] | None:
        serving = await served_by(front)
        return serving if len(serving) == 3 else None

    before = await eventually(all_three, within_seconds=60, every_seconds=0.5) or set()

    async def counted(query: str) -> float:
        answer = json.loads(await get(f"{prometheus}/api/v1/query", query=query))
        return sum(float(row["value"][1]) for row in answer["data"]["result"])

    async def three_instances() -> bool:
        return await counted('up{job="repave"}') == 1 and await counted("repave_fleet_instances") == 3

    await eventually(three_instances, within_seconds=30, every_seconds=0.5)
    rules = json.loads(await get(f"{prometheus}/api/v1/rules"))["data"]["groups"]
    assert {rule["health"] for group in rules for rule in group["rules"]} <= {"ok", "unknown"}
    assert "RepaveNotLooking" in {rule["name"] for group in rules for rule in group["rules"]}

    await get(f"{front}/control/fail")

    async def replaced() -> bool:
        return await counted('repave_replacements_total{outcome="replaced"}') == 1

    await eventually(replaced, within_seconds=60, every_seconds=0.5)
    after = await served_by(front)
    assert (len(after), len(after & before)) == (3, 2)
    members = [one[:12] for one in started.run("ps", "-q", "web").split()]
    assert sorted(members) == sorted(after), "the successor is Compose's own, too"


def source_of(mount: str | dict[str, str]) -> str:
    """Of a volume as Compose prints it: in one string, or (version 2) in words."""
    return mount.partition(":")[0] if isinstance(mount, str) else mount.get("source", "")


def test_to_observe_it_gets_no_socket_that_could_change_anything(stack: Stack) -> None:
    merged: dict[str, Any] = YAML(typ="safe").load(stack.run(*OBSERVE, "config"))
    mounts = {name: service.get("volumes", []) for name, service in merged["services"].items()}
    sources = {name: {source_of(one) for one in volumes} for name, volumes in mounts.items()}
    socket = stack.environment["DOCKER_HOST"].removeprefix("unix://")
    assert {name for name, found in sources.items() if socket in found} == {"engine"}
    assert "/dev/null" in sources["repave"]


async def status(api: Api, method: str, path: str) -> int:
    """Of the answer; 0 while nobody answers."""
    try:
        await api.call(method, path)
    except Refused as refused:
        return refused.status
    except (ClientError, OSError):
        return 0
    return 200


async def test_its_proxy_lets_nothing_but_reading_through(stack: Stack, engine: Api) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: the proxy's socket is in a volume of the engine's")
    try:
        stack.run(*OBSERVE, "up", "--detach", "--no-deps", "engine")
        volume = await engine.call("GET", f"/volumes/{stack.project}_engine")
        through = Api(Path(volume["Mountpoint"]) / "engine.sock")

        async def info() -> bool:
            return await status(through, "GET", "/info") == 200

        await eventually(info, within_seconds=20)
        assert await status(through, "GET", "/containers/json") == 200
        assert await status(through, "POST", "/containers/create") == 403
        assert await status(through, "DELETE", "/containers/anything") == 403
        assert await status(through, "GET", "/secrets") == 403
    finally:
        stack.run(*OBSERVE, "down", "--volumes", "--timeout", "2")


def test_the_proxy_lets_through_what_the_documentation_says() -> None:
    lines = [
        line.strip()
        for line in (ROOT / "deploy/compose/engine.cfg").read_text(encoding="utf-8").splitlines()
        if "http-request" in line
    ]
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    assert len(lines) == 3
    assert [line for line in lines if line not in page] == []


def test_who_forgets_the_image_is_told_what_is_missing(stack: Stack) -> None:
    del stack.environment["REPAVE_IMAGE"]
    with pytest.raises(AssertionError, match="REPAVE_IMAGE is the image with its digest"):
        stack.run("config")
