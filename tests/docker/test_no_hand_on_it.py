"""Fleets behind balancers that nobody can tell anything: one that goes by labels and health, and the engine's DNS."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientError

from tests.docker.looking import looked, vetoes
from tests.docker.test_replace import seconds, settled, sick
from tests.support.docker_engine import Api
from tests.support.docker_fleet import Fleet, fleet, get
from tests.support.docker_images import Image


@asynccontextmanager
async def repeated(look: Callable[[], Awaitable[None]], every_seconds: float) -> AsyncIterator[None]:
    """Look again and again beside what is done in the context, and once more in the end."""

    async def loop() -> None:
        while not done.is_set():
            await look()
            await asyncio.sleep(every_seconds)

    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(loop())
        try:
            yield
        finally:
            done.set()


class ByLabels:
    """What Traefik does, in a few lines: whoever bears the label, runs and is healthy gets requests; one who refuses
    the connection is passed over. It learns late of what happens."""

    def __init__(self, web: Fleet) -> None:
        self.web = web
        self.known: list[str] = []
        self.answered: set[str] = set()
        self.failures: list[str] = []

    async def watch(self) -> None:
        listed = await self.web.api.containers(self.web.label, every=False)
        healthy = [one for one in listed if "(healthy)" in one["Status"]]
        networks = [one["NetworkSettings"]["Networks"][self.web.network]["IPAddress"] for one in healthy]
        self.known = [address for address in networks if address]

    async def ask(self) -> None:
        chosen = random.sample(self.known, k=min(2, len(self.known)))
        for address in chosen:
            try:
                status, text = await get(f"http://{address}/", seconds=8)
            except ClientConnectionError:
                continue
            except (ClientError, OSError, TimeoutError) as error:
                self.failures.append(repr(error))
                return
            self.answered.add(text.strip())
            if status != 200:
                self.failures.append(f"{status} from {text}")
            return
        self.failures.append(f"nobody of {chosen} answered")


async def test_behind_labels_the_successor_is_noticed_before_the_predecessor_goes(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 3, stop_seconds=5) as web:
        await web.healthy()
        old, balancer = web[1], ByLabels(web)
        await balancer.watch()
        await web.ask(old, "/control/fail")
        await sick(web, old)
        await balancer.watch()
        async with repeated(balancer.watch, 0.4), repeated(balancer.ask, 0.02):
            code, log = await settled(web, tmp_path, ", load_balancer: {labels: {settle: 3s}}")
        assert code == 0, log
        assert (await web.now())[old.name] != old.short
        assert (await web.now())[old.name] in balancer.answered
        assert balancer.failures == []
        assert seconds(log, "docker.ContainerStart returned", "calls docker.ContainerStop") >= 3


async def test_behind_labels_what_has_no_health_check_is_left_alone(
    engine: Api, app_image: Image, tmp_path: Path
) -> None:
    async with fleet(engine, app_image, 1, more={"Healthcheck": {"Test": ["NONE"]}}) as web:
        rules = "max_age: 0.1s"
        found = await looked(engine, tmp_path, web.label, rules, ", load_balancer: {labels: {}}")
        assert "has no HEALTHCHECK" in vetoes(found[web.name(1)])["unsupported_group"]
        found = await looked(engine, tmp_path, web.label, rules, ", load_balancer: {network_alias: {}}")
        assert "unsupported_group" not in vetoes(found[web.name(1)])


@pytest.mark.parametrize("boot_seconds", ["0", "2"])
async def test_the_engines_dns_always_knows_somebody_and_nobody_too_early(
    engine: Api, app_image: Image, tmp_path: Path, boot_seconds: str
) -> None:
    """A fleet of one."""
    said = {"aliases": ("web",), "stop_seconds": 5, "environment": {"BOOT_SECONDS": boot_seconds}}
    async with fleet(engine, app_image, 1, **said) as web, fleet(engine, app_image, 0) as other:
        client = await _client(web, other, app_image)
        await web.healthy()
        old, seen = web[1], list[frozenset[str]]()

        async def resolve() -> None:
            seen.append(await _addresses(engine, client))

        await resolve()
        assert seen == [{old.address}]
        await web.ask(old, "/control/fail")
        await sick(web, old)
        async with repeated(resolve, 0.1):
            balancer = f", load_balancer: {{network_alias: {{networks: [{web.network}], settle: 2s}}}}"
            code, log = await settled(web, tmp_path, balancer)
        await resolve()
        assert code == 0, log
        new = await web.address((await web.now())[old.name])
        steps = [one for one, before in zip(seen, [None, *seen], strict=False) if one != before]
        assert steps == [{old.address}, {old.address, new}, {new}]
        assert seconds(log, "docker.NetworkConnect returned", "calls docker.ContainerStop") >= 2


async def _client(web: Fleet, other: Fleet, image: Image) -> str:
    """A container that is no member, on the members' network."""
    body = {
        "Image": image.reference,
        "Labels": {"repave.test": other.mark},
        "HostConfig": {"NetworkMode": web.network},
    }
    made = await web.api.call("POST", "/containers/create", body, name=f"client-{other.mark}")
    await web.api.call("POST", f"/containers/{made['Id']}/start")
    return str(made["Id"])


async def _addresses(engine: Api, client: str) -> frozenset[str]:
    """Whom the name `web` means to a client."""
    told = await engine.execute(client, "/bin/busybox", "nslookup", "web", "127.0.0.11")
    return frozenset(re.findall(r"Address(?: \d+)?: +(\d+\.\d+\.\d+\.\d+)(?!\S)", told.partition("Name:")[2]))
