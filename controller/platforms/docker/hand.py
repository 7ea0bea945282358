"""The acting hand on one engine: what is looked at one by one, and every change through the gate."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.clients.docker import Engine
from controller.clients.docker_frames import text_of
from controller.clients.redaction import readable
from controller.domain.errors import Gone, PlatformError
from controller.domain.ports import Mutate
from controller.platforms.docker.evidence import evidence_of
from controller.platforms.docker.inspected import Inspected

Json = Mapping[str, Any]

CREATE = "docker.ContainerCreate"
START = "docker.ContainerStart"
STOP = "docker.ContainerStop"
DELETE = "docker.ContainerDelete"
RENAME = "docker.ContainerRename"
CONNECT = "docker.NetworkConnect"
DISCONNECT = "docker.NetworkDisconnect"
PULL = "docker.ImageCreate"

SLACK_SECONDS = 10.0
"""What stopping may take beyond the container's own time: a process killed at its end has to be reaped."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Raises PlatformError throughout, and what the gate raises."""

    engine: Engine

    async def find(self, reference: str) -> Inspected | None:
        """The container of this id, beginning of an id, or name; None when there is none."""
        try:
            return Inspected(await self.engine.read("ContainerInspect", f"/containers/{reference}/json"))
        except Gone:
            return None

    async def image(self, reference: str) -> Json | None:
        """The image of this id or name; None when the engine has none."""
        try:
            found: Json = await self.engine.read("ImageInspect", f"/images/{reference}/json")
        except Gone:
            return None
        return found

    async def rows(self, label: str) -> Sequence[Json]:
        """What the engine lists with this label, stopped ones too."""
        query = {"all": True, "filters": {"label": [label]}}
        found: Sequence[Json] = await self.engine.read("ContainerList", "/containers/json", **query)
        return found

    async def last_line(self, container: Inspected) -> str:
        """The last line that it wrote, without what may be a secret; empty where there is none or it cannot be read."""
        path = f"/containers/{container.id}/logs"
        try:
            content = await self.engine.read_bytes("ContainerLogs", path, stdout=True, stderr=True, tail="1")
        except PlatformError:
            return ""
        return readable(text_of(content)).strip()

    async def pull(self, mutate: Mutate, reference: str) -> None:
        """Fetch what the reference means in its registry now."""
        await mutate(PULL, {"image": reference}, lambda: self.engine.pull(reference))

    async def create(self, mutate: Mutate, name: str, body: Json, told: Json) -> None:
        """Create a container of this name; a name is given once, so that it cannot happen twice."""

        async def perform() -> Json:
            answer = await self.engine.mutate("ContainerCreate", "/containers/create", body=body, name=name)
            return {"id": answer["Id"], "warnings": list(answer.get("Warnings") or ())}

        await mutate(CREATE, {"name": name, **told}, perform)

    async def start(self, mutate: Mutate, container: Inspected) -> None:
        """Start a successor; nothing happens when it runs already."""
        await self._on(mutate, START, container, "start")

    async def stop(self, mutate: Mutate, container: Inspected) -> None:
        """Ask it to end, and have it killed after its own time. What it leaves to be seen is kept with the intent."""
        evidence = await evidence_of(self.engine, container.id)
        seconds = container.stop_seconds
        told = {"stop_seconds": seconds, "evidence": evidence}
        await self._on(mutate, STOP, container, "stop", told, seconds=seconds + SLACK_SECONDS)

    async def rename(self, mutate: Mutate, container: Inspected, name: str) -> None:
        """Give a successor its predecessor's name, or what has been stopped for good a name aside."""
        await self._on(mutate, RENAME, container, "rename", {"to": name}, query={"name": name})

    async def remove(self, mutate: Mutate, container: Inspected, *, evidence: bool = False) -> None:
        """Remove what has ended. Its volumes stay, and the engine refuses while it runs. evidence: keep with the intent
        what it leaves to be seen, because it ended without our stopping it."""
        path = f"/containers/{container.id}"
        told = {"evidence": await evidence_of(self.engine, container.id)} if evidence else {}

        async def perform() -> None:
            await _unless_gone(self.engine.mutate("ContainerDelete", path, method="DELETE"))

        await mutate(DELETE, {**_told(container), **told}, perform)

    async def connect(self, mutate: Mutate, container: Inspected, network: str, endpoint: Json) -> None:
        """Join a successor to a network."""
        body = {"Container": container.id, "EndpointConfig": dict(endpoint)}
        told = {**_told(container), "network": network, "aliases": list(endpoint.get("Aliases") or ())}
        path = f"/networks/{network}/connect"
        await mutate(CONNECT, told, lambda: self.engine.mutate("NetworkConnect", path, body=body))

    async def disconnect(self, mutate: Mutate, container: Inspected, network: str) -> None:
        """Take a successor out of a network, to join it again as somebody else."""
        told, path = {**_told(container), "network": network}, f"/networks/{network}/disconnect"
        body = {"Container": container.id, "Force": False}
        await mutate(DISCONNECT, told, lambda: self.engine.mutate("NetworkDisconnect", path, body=body))

    async def _on(
        self,
        mutate: Mutate,
        call: str,
        container: Inspected,
        verb: str,
        told: Json | None = None,
        *,
        seconds: float = 0.0,
        query: Json | None = None,
    ) -> None:
        operation, path = call.removeprefix("docker."), f"/containers/{container.id}/{verb}"

        async def perform() -> None:
            await self.engine.mutate(operation, path, seconds=seconds, **(query or {}))

        await mutate(call, {**_told(container), **(told or {})}, perform)


def _told(container: Inspected) -> dict[str, Any]:
    """What a call's intent says of its container."""
    return {"container": container.id, "name": container.name}


async def _unless_gone(call: Awaitable[Any]) -> None:
    try:
        await call
    except Gone:
        return
