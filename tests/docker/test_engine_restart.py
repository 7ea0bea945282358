"""An engine that is killed and comes back: the client goes on, and knows what it cannot have seen."""

import pytest

from controller.clients.docker import Engine
from controller.clients.docker_events import TO_THE_SECOND
from controller.clients.docker_record import Record
from controller.clients.docker_transport import EngineAddress
from controller.clock import SystemClock
from controller.domain.errors import PlatformError, Transient
from tests.support.docker_engine import Api
from tests.support.docker_images import base
from tests.support.eventually import eventually
from tests.support.private_engine import private_engine


async def running(api: Api, name: str) -> str:
    """One container without a network; its id."""
    body = {"Image": await base(api), "HostConfig": {"NetworkMode": "none"}}
    made = await api.call("POST", "/containers/create", body, name=name)
    await api.call("POST", f"/containers/{name}/start")
    return str(made["Id"])


async def test_what_happens_around_a_restart_of_the_engine_is_known_to_be_unknown() -> None:
    clock = SystemClock()
    async with private_engine() as own:
        client = Engine(EngineAddress(own.api.url), clock)

        async def ran(command: str) -> bool:
            record = await client.events.seen()
            return command in {one.command for one in record.execs(container)}

        async def seen() -> Record | None:
            try:
                return await client.events.seen()
            except PlatformError:
                return None

        try:
            container = await running(own.api, "web-1")
            await client.events.seen()
            await own.api.execute("web-1", "/bin/sh", "-c", "true")
            await eventually(lambda: ran("/bin/sh -c true"))
            assert (await client.events.seen()).gaps == ()
            pid = (await own.api.inspect("web-1"))["State"]["Pid"]
            killed_at = clock.now()
            await own.killed()
            with pytest.raises(Transient) as nobody_there:
                await client.mutate("ContainerStop", "/containers/web-1/stop")
            assert not nobody_there.value.perhaps
            await own.start()
            one = await client.read("ContainerInspect", "/containers/web-1/json")
            assert one["State"]["Pid"] == pid, "containers outlive their engine"
            record = await eventually(seen, within_seconds=30)
            assert record is not None
            (gap,) = record.gaps
            assert gap.until_at is not None
            assert gap.from_at <= killed_at <= gap.until_at <= clock.now() + TO_THE_SECOND
            await own.api.execute("web-1", "/bin/sh", "-c", "false")
            await eventually(lambda: ran("/bin/sh -c false"))
            assert len((await client.events.seen()).gaps) == 1
        finally:
            await client.aclose()
