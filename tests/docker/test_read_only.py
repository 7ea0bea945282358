"""The proxy of docs/running.md in front of a real engine: it lets looking through, and nothing else."""

import subprocess
import textwrap
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientError

from controller.clients.docker import Engine
from controller.clients.docker_transport import EngineAddress
from controller.clock import SystemClock
from controller.domain.errors import Denied
from tests.support.docker_engine import Api, Refused
from tests.support.docker_fleet import fleet
from tests.support.docker_images import Image
from tests.support.eventually import eventually
from tests.support.haproxy import needs_haproxy

PAGE = Path(__file__).parents[2] / "docs" / "running.md"


@pytest.fixture
async def proxy(engine: Api, tmp_path: Path) -> AsyncIterator[Api]:
    """The page's own words, on this test's sockets."""
    program = needs_haproxy()
    text = PAGE.read_text(encoding="utf-8").split("For HAProxy:\n\n")[1].split("\n\nWhat it lets through")[0]
    socket = tmp_path / "engine.sock"
    for there, here in (
        ("/run/repave/engine.sock mode 660 group repave", str(socket)),
        ("/var/run/docker.sock", str(engine.socket)),
    ):
        assert there in text
        text = text.replace(there, here)
    file = tmp_path / "haproxy.cfg"
    file.write_text(textwrap.dedent(text) + "\n", encoding="utf-8")
    process = _started([program, "-db", "-f", str(file)])
    try:
        api = Api(socket)

        async def answers() -> bool:
            with suppress(OSError, ClientError, Refused):
                return bool(await api.call("GET", "/version"))
            return False

        await eventually(answers)
        yield api
    finally:
        process.kill()
        process.wait()


def _started(command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command)


async def test_everything_can_be_looked_at_and_nothing_changed(proxy: Api, engine: Api, app_image: Image) -> None:
    client = Engine(EngineAddress(proxy.url), SystemClock())
    try:
        async with fleet(engine, app_image, 1) as web:
            name, image = web.name(1), app_image.reference
            one = await client.read("ContainerInspect", f"/containers/{name}/json")
            assert one["Name"] == f"/{name}"
            await client.read("ContainerList", "/containers/json", all=True, filters={"label": [web.label]})
            await client.read("ContainerChanges", f"/containers/{name}/changes")
            await client.read("ContainerStats", f"/containers/{name}/stats", stream=False)
            await client.read("ContainerTop", f"/containers/{name}/top")
            await client.read_bytes("ContainerLogs", f"/containers/{name}/logs", stdout=True)
            await client.read("ImageInspect", f"/images/{image}/json")
            await client.read("SystemInfo", "/info")
            await client.read("VolumeList", "/volumes")
            assert (await client.events.seen()).gaps == ()
            for call in (
                client.mutate("ContainerStop", f"/containers/{name}/stop"),
                client.mutate("ContainerDelete", f"/containers/{name}", method="DELETE"),
                client.mutate("ContainerCreate", "/containers/create", body={"Image": image}, name=f"{name}-x"),
            ):
                with pytest.raises(Denied) as caught:
                    await call
                assert not caught.value.perhaps
            for method, path in (
                ("POST", f"/containers/{name}/exec"),
                ("GET", f"/containers/{name}/archive?path=/etc"),
                ("GET", f"/containers/{name}/export"),
                ("GET", f"/images/{image}/get"),
                ("GET", f"/containers/{name}%2Fexport%3F/json"),
                ("PUT", f"/containers/{name}/archive"),
            ):
                with pytest.raises(Refused, match="403"):
                    await proxy.call(method, path)
            assert (await engine.inspect(name))["State"]["Running"]
    finally:
        await client.aclose()
