"""The client on a real engine: what it may do to a successor and to nobody else, what it hears and remembers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import pytest

from controller.clients.docker import Engine
from controller.clients.docker_record import EngineEvent
from controller.clients.docker_transport import EngineAddress
from controller.clock import SystemClock
from controller.domain.errors import Gone, NoCapacity, Permanent, PlatformError
from tests.support.docker_engine import Api
from tests.support.docker_images import HEALTH_COMMAND, Image
from tests.support.eventually import eventually


class Desk:
    """One client, and containers that go with the test. heard: what the engine told, as `ACTION NAME`."""

    def __init__(self, api: Api, image: Image) -> None:
        self.api = api
        self.engine = Engine(EngineAddress(api.url), SystemClock())
        self.mark = f"repave-client-{uuid4().hex[:8]}"
        self.heard: list[str] = []
        self._image = image

    def name(self, word: str) -> str:
        return f"{self.mark}-{word}"

    async def create(self, word: str, body: Mapping[str, Any] = MappingProxyType({}), *, ours: bool = True) -> str:
        """A container without a network, with the label of a successor if it is ours; its name."""
        name = self.name(word)
        labels = {"desk": self.mark, **({"repave.replacement": name} if ours else {})}
        alone = {"NetworkMode": "none"}
        made = {"Image": self._image.reference, "Labels": labels, "StopTimeout": 1, "HostConfig": alone, **body}
        await self.engine.mutate("ContainerCreate", "/containers/create", body=made, name=name)
        return name

    async def network(self) -> str:
        """A network that goes with the test; its name."""
        wanted = {"Name": self.mark, "Labels": {"desk": self.mark}}
        await self.api.call("POST", "/networks/create", wanted)
        return self.mark

    async def runs(self, word: str) -> str:
        """One that was started by somebody else; its name."""
        name = await self.create(word, ours=False)
        await self.api.call("POST", f"/containers/{name}/start")
        return name

    def to(self, container: str, verb: str, **query: Any) -> Awaitable[Any]:
        """One call about a container: Start, Stop, Rename or Delete."""
        delete = verb == "Delete"
        path = f"/containers/{container}" + ("" if delete else f"/{verb.lower()}")
        return self.engine.mutate(f"Container{verb}", path, method="DELETE" if delete else "POST", **query)

    async def listen(self) -> None:
        await self.engine.events.seen()
        self.engine.events.on_change(self._hear)

    def _hear(self, event: EngineEvent) -> None:
        if event.attributes.get("desk") == self.mark:
            word = event.attributes["name"].removeprefix(f"{self.mark}-")
            self.heard.append(f"{event.action} {event.detail}".strip() + f" {word}")

    async def hears(self, *words: str) -> None:
        """Wait until all this was heard."""

        async def all_of_it() -> bool:
            assert set(words) <= set(self.heard), self.heard
            return True

        await eventually(all_of_it, within_seconds=15)


@pytest.fixture
async def desk(engine: Api, app_image: Image) -> AsyncIterator[Desk]:
    desk = Desk(engine, app_image)
    yield desk
    await desk.engine.aclose()
    await engine.clear(f"desk={desk.mark}")


async def refused(call: Awaitable[Any], kind: type[PlatformError]) -> PlatformError:
    with pytest.raises(kind) as caught:
        await call
    return caught.value


async def test_the_life_of_a_successor(desk: Desk) -> None:
    name = await desk.create("r-1")
    again = await refused(desk.create("r-1"), Permanent)
    assert (again.code, again.perhaps) == ("conflict", False), "a name is given once: the token of its creation"
    await desk.to(name, "Start")
    await desk.to(name, "Start")
    still = await refused(desk.to(name, "Delete"), Permanent)
    assert (still.code, still.perhaps) == ("conflict", False), "what runs is not removed"
    await desk.to(name, "Rename", name=desk.name("web-1"))
    final = desk.name("web-1")
    assert (await refused(desk.to(final, "Rename", name=name), Permanent)).code == "mending", "and now it serves"
    await desk.to(final, "Stop", seconds=1, t=1)
    await desk.to(final, "Stop", t=1)
    assert "started once" not in str(await refused(desk.to(final, "Start"), Permanent))
    await desk.to(final, "Rename", name=desk.name("aside"))
    await desk.to(desk.name("aside"), "Delete")
    assert not (await refused(desk.to(desk.name("aside"), "Delete"), Gone)).perhaps


async def test_what_somebody_else_runs_is_stopped_and_removed_and_nothing_else(desk: Desk) -> None:
    name = await desk.runs("web-1")
    before = await desk.api.inspect(name)
    network, body = f"/networks/{await desk.network()}", {"Container": name}
    for call in (
        desk.to(name, "Start"),
        desk.to(name, "Rename", name=desk.name("other")),
        desk.engine.mutate("NetworkDisconnect", f"{network}/disconnect", body=body),
        desk.engine.mutate("NetworkConnect", f"{network}/connect", body=body),
    ):
        assert (await refused(call, Permanent)).code == "mending"
    after = await desk.api.inspect(name)
    assert (after["Name"], after["State"]["Pid"], after["NetworkSettings"]["Networks"].keys()) == (
        before["Name"],
        before["State"]["Pid"],
        before["NetworkSettings"]["Networks"].keys(),
    )
    await desk.to(name, "Stop", t=1)
    assert "repair in place" in str(await refused(desk.to(name, "Start"), Permanent))
    await desk.to(name, "Delete")


async def test_what_the_engine_cannot_do_is_told_apart(desk: Desk) -> None:
    missing = await refused(desk.create("r-1", {"Image": "repave-no-such-image:1"}), Gone)
    assert "No such image" in str(missing)
    bound = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "28431"}]}
    host = {"PortBindings": bound, "NetworkMode": await desk.network()}
    ports = {"ExposedPorts": {"80/tcp": {}}, "HostConfig": host}
    await desk.to(await desk.create("r-2", ports), "Start")
    taken = await refused(desk.to(await desk.create("r-3", ports), "Start"), NoCapacity)
    assert (taken.code, taken.perhaps) == ("no_capacity", True)
    assert (await desk.api.inspect(desk.name("r-3")))["State"]["Status"] == "created", "and may be started again"
    await desk.to(desk.name("r-2"), "Stop", t=1)
    await desk.to(desk.name("r-3"), "Start")
    wrong = await refused(desk.create("r-4", {"HostConfig": {"Memory": 1}}), Permanent)
    assert not wrong.perhaps
    unreachable = await refused(desk.engine.pull("127.0.0.1:9/repave/none:1"), PlatformError)
    assert unreachable.call == "docker.ImageCreate"


async def test_it_hears_what_happens_and_not_what_it_does_itself(desk: Desk) -> None:
    await desk.listen()
    own = await desk.create("r-1")
    await desk.to(own, "Start")
    foreign = await desk.runs("web-1")
    await desk.hears("start web-1")
    await desk.api.call("POST", f"/containers/{foreign}/kill")
    await desk.hears("die web-1")
    await desk.to(own, "Stop", t=1)
    await desk.to(own, "Delete")
    await desk.api.call("DELETE", f"/containers/{foreign}")
    await desk.hears("destroy web-1")
    assert not {"start r-1", "die r-1", "destroy r-1"} & set(desk.heard)


async def test_it_remembers_what_was_run_and_tells_it_from_the_health_check(desk: Desk) -> None:
    name = await desk.runs("web-1")
    await desk.api.execute(name, "/bin/echo", "a: b")
    await desk.listen()  # the engine still knows what was run before anybody watched
    container = (await desk.api.inspect(name))["Id"]

    async def both() -> bool:
        record = await desk.engine.events.seen()
        commands = {one.command: one for one in record.execs(container)}
        return {"/bin/echo a: b", " ".join(HEALTH_COMMAND)} <= commands.keys()

    await eventually(both)
    await desk.api.execute(name, "/bin/sh", "-c", "true")

    async def third() -> bool:
        return "/bin/sh -c true" in {one.command for one in (await desk.engine.events.seen()).execs(container)}

    await eventually(third)
    record = await desk.engine.events.seen()
    (shell,) = [one for one in record.execs(container[:12]) if one.command == "/bin/sh -c true"]
    assert (shell.created, shell.started) == (1, 1)
    assert record.gaps == ()


async def test_many_reads_at_once(desk: Desk) -> None:
    name = await desk.create("r-1")
    path = f"/containers/{name}/json"
    found = await asyncio.gather(*(desk.engine.read("ContainerInspect", path) for _ in range(64)))
    assert {one["Name"] for one in found} == {f"/{name}"}
