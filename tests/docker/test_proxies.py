"""The proxies that stand before the sockets in the tests: they see everything, and what they hold or cut is so."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError

from tests.support.docker_engine import Api, Refused
from tests.support.docker_fleet import Fleet, fleet, spec
from tests.support.docker_images import Image
from tests.support.docker_laws import broken, capacity, creations, doubled
from tests.support.engine_proxy import EngineProxy, operation
from tests.support.eventually import eventually
from tests.support.wiretap import KEY_VARIABLE, Rule, Wiretap

ASK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect(sys.argv[1])
    asked.sendall(b"GET /_ping HTTP/1.0\\r\\n\\r\\n")
    while asked.recv(4096): pass
"""


@asynccontextmanager
async def tapped(engine: Api) -> AsyncIterator[tuple[EngineProxy, Api]]:
    with tempfile.TemporaryDirectory(prefix="rp-") as folder:
        tap = Wiretap(Path(folder, "wire.jsonl"))
        async with EngineProxy(tap, Path(folder, "docker.sock"), engine.socket) as proxy:
            yield proxy, Api(proxy.socket)


@asynccontextmanager
async def small(engine: Api, image: Image) -> AsyncIterator[tuple[EngineProxy, Api, Fleet]]:
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(fleet(engine, image, 1, stop_seconds=1))
        yield *await stack.enter_async_context(tapped(engine)), web


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/containers/json", "ContainerList"),
        ("GET", "/containers/abc/json", "ContainerInspect"),
        ("POST", "/containers/create", "ContainerCreate"),
        ("POST", "/containers/abc/restart", "ContainerRestart"),
        ("DELETE", "/containers/abc", "ContainerDelete"),
        ("PUT", "/containers/abc/archive", "ContainerArchive"),
        ("POST", "/containers/abc/exec", "ContainerExec"),
        ("POST", "/exec/abc/start", "ExecStart"),
        ("POST", "/commit", "ImageCommit"),
        ("POST", "/networks/abc/connect", "NetworkConnect"),
        ("GET", "/events", "GET /events"),
    ],
)
def test_operations_bear_the_names_of_the_engine(method: str, path: str, name: str) -> None:
    assert operation(method, path) == name


async def test_every_request_is_written_down_and_answered_as_the_engine_does(engine: Api, app_image: Image) -> None:
    async with small(engine, app_image) as (proxy, api, web):
        name = web[1].name
        assert (await api.inspect(name))["Id"] == web[1].id
        with pytest.raises(Refused, match="404: .*No such container"):
            await api.call("POST", "/containers/nobody-of-this-name/start")
        await api.call("POST", f"/v1.41/containers/{name}/stop")
        await api.call("DELETE", f"/containers/{name}")
        read, missed, stopped, removed = proxy.tap.requests
        assert (read.action, read.mutating, read.status) == ("ContainerInspect", False, 200)
        assert (missed.effect, missed.status, missed.error) == (False, 404, "No such container: nobody-of-this-name")
        assert stopped.target is not None
        assert (stopped.effect, stopped.target["name"], stopped.target["running"]) == (True, name, True)
        assert (removed.effect, removed.target and removed.target["running"]) == (True, False)
        assert proxy.tap.log is not None
        lines = [json.loads(line) for line in proxy.tap.log.read_text(encoding="utf-8").splitlines()]
        assert [line["action"] for line in lines] == [one.action for one in proxy.tap.requests]
        assert broken(proxy.tap.requests, web.label) == []


async def test_who_asks_is_told_from_its_environment(engine: Api) -> None:
    async with tapped(engine) as (proxy, _):
        for key in ("DAEMON1", "DAEMON2"):
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", ASK, str(proxy.socket)), env={**os.environ, KEY_VARIABLE: key}
            )
            assert await child.wait() == 0
        assert [one.key for one in proxy.tap.requests] == ["DAEMON1", "DAEMON2"]


@pytest.mark.parametrize(("moment", "there"), [("before", False), ("after", True)])
async def test_what_is_held_and_cut_has_its_effect_only_after_it(
    engine: Api, app_image: Image, moment: str, there: bool
) -> None:
    async with small(engine, app_image) as (proxy, api, web):
        wanted = spec(app_image.reference, {"repave.test": web.mark}, web.network)
        name = f"held-{web.mark}"
        asking = asyncio.ensure_future(api.call("POST", "/containers/create", wanted, name=name))
        async with proxy.tap.held("ContainerCreate", moment=moment) as request:  # type: ignore[arg-type]
            assert (request.action, asking.done()) == ("ContainerCreate", False)
        with pytest.raises(ClientError):
            await asking
        assert (name in await web.now(every=True)) == there
        assert creations(proxy.tap.requests) == there


async def test_what_is_held_goes_on_when_it_is_released_also_without_who_asked(engine: Api, app_image: Image) -> None:
    async with small(engine, app_image) as (proxy, api, web):
        asking = asyncio.ensure_future(api.call("POST", f"/containers/{web[1].id}/stop"))
        async with proxy.tap.held("ContainerStop", moment="before") as request:
            asking.cancel()
            await request.release()
            await asyncio.gather(asking, return_exceptions=True)
        while not proxy.tap.mutations():
            await asyncio.sleep(0.05)
        assert await web.now() == {}


async def test_rules_cut_delay_and_answer(engine: Api, app_image: Image) -> None:
    async with small(engine, app_image) as (proxy, api, web):
        asked = f"/containers/{web[1].id}"
        words = Rule("answer", action="ContainerStop", status=500, words="no space left on device")
        async with proxy.tap.striking(words):
            with pytest.raises(Refused, match="500: .*no space left"):
                await api.call("POST", f"{asked}/stop")
        async with proxy.tap.striking(Rule("cut", action="ContainerInspect", mutating=False, nth=0)):
            with pytest.raises(ClientError):
                await api.inspect(web[1].id)
        assert (await api.inspect(web[1].id))["Id"] == web[1].id
        async with proxy.tap.striking(Rule("delay", mutating=None, seconds=0.3, nth=0)):
            began = asyncio.get_running_loop().time()
            await api.inspect(web[1].id)
            assert asyncio.get_running_loop().time() - began >= 0.3
        assert [one.effect for one in proxy.tap.mutations()] == [False]


async def test_a_socket_that_refuses_takes_nothing_until_it_accepts_again(engine: Api) -> None:
    async with tapped(engine) as (proxy, api):
        await proxy.refuse()
        assert not await api.answers()
        await proxy.accept()
        assert await api.answers()


async def test_a_stream_of_events_arrives_as_it_happens(engine: Api, app_image: Image) -> None:
    async with (
        small(engine, app_image) as (_, api, web),
        api.telling(type=["container"], event=["pause", "unpause"], label=[web.label]) as told,
    ):
        for number, action in enumerate(("pause", "unpause"), 1):
            await engine.call("POST", f"/containers/{web[1].id}/{action}")
            await eventually(partial(_told, told, number))
        assert [one["Action"] for one in told] == ["pause", "unpause"]


async def _told(events: list[dict[str, Any]], count: int) -> bool:
    return len(events) >= count


async def test_each_breach_is_seen(engine: Api, app_image: Image) -> None:
    """What Repave must never do is done here by hand, through the proxy."""
    async with small(engine, app_image) as (proxy, api, web):
        asked = f"/containers/{web[1].id}"
        made = await api.call("POST", f"{asked}/exec", {"Cmd": ["/bin/touch", "/tmp/here"]})
        await api.call("POST", f"/exec/{made['Id']}/start", {"Detach": True})
        await api.call("POST", f"{asked}/restart", t="0")
        await api.call("POST", f"{asked}/update", {"Memory": 80 << 20, "MemorySwap": 80 << 20})
        await api.call("POST", f"{asked}/pause")
        await api.call("POST", f"{asked}/unpause")
        await api.call("POST", f"{asked}/rename", name=f"other-{web.mark}")
        await api.call("POST", f"/networks/{web.network}/disconnect", {"Container": web[1].id})
        await api.call("POST", f"{asked}/kill")
        await api.call("POST", f"{asked}/start")
        await api.call("DELETE", asked, force="1", v="1")
        found = broken(proxy.tap.requests, "fleet=another")
        for words in ("ContainerExec", "ExecStart", "ContainerRestart", "ContainerUpdate", "ContainerPause"):
            assert any(words in sentence and "is not on the list" in sentence for sentence in found), words
        for words in ("ContainerRename of", "NetworkDisconnect of", "ContainerStart of"):
            assert any(words in sentence and "no successor" in sentence for sentence in found), words
        assert any("with force" in sentence for sentence in found)
        assert any("with v" in sentence for sentence in found)
        assert any("not of the fleet" in sentence for sentence in found)


async def test_a_fall_of_what_serves_is_seen(engine: Api, app_image: Image) -> None:
    async with small(engine, app_image) as (proxy, api, web):

        async def serving() -> frozenset[str]:
            return frozenset((await web.now()).values())

        proxy.tap.serving = serving
        await api.call("POST", f"/containers/{web[1].id}/stop")
        assert "0 serve where 1 have to" in " ".join(capacity(proxy.tap.requests, 1))
        assert doubled(proxy.tap.requests) == []
