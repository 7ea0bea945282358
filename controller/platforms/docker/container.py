"""One container as the acting half sees it: inspect's answer, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.domain.ports import Server

Json = Mapping[str, Any]

REPLACEMENT = "repave.replacement"
"""The label that says for which replacement a container was made."""

FLEET = "repave.fleet"
"""The label that says in which fleet's service."""

STOP_SECONDS = 10
"""What the engine gives a container to end by itself, where nothing was declared."""


@dataclass(frozen=True, slots=True)
class Container:
    """What ContainerInspect answered."""

    document: Json

    @property
    def id(self) -> str:
        """The whole id."""
        return str(self.document["Id"])

    @property
    def short_id(self) -> str:
        """The instance's id: the first 12 digits."""
        return self.id[:12]

    @property
    def name(self) -> str:
        """Its name, without the slash."""
        return str(self.document["Name"]).removeprefix("/")

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels, those of its image included."""
        return self.document["Config"].get("Labels") or {}

    @property
    def status(self) -> str:
        """created | running | paused | restarting | removing | exited | dead."""
        return str(self.document["State"]["Status"])

    @property
    def running(self) -> bool:
        """Whether its process runs; not while it is paused."""
        return self.status == "running"

    @property
    def alive(self) -> bool:
        """Whether it has, or is about to have again, a process to stop."""
        return self.status in ("running", "paused", "restarting")

    @property
    def healthy(self) -> bool | None:
        """What its own HEALTHCHECK says; None without one. Not yet healthy is not healthy."""
        status = (self.document["State"].get("Health") or {}).get("Status", "none")
        return None if status in ("none", "") else status == "healthy"

    @property
    def ended(self) -> str:
        """How it came to its end, in words: the engine's own, or the exit code."""
        state = self.document["State"]
        words = f"exit code {state.get('ExitCode')}"
        if state.get("OOMKilled"):
            words += ", out of memory"
        return f"{words}: {state['Error']}" if state.get("Error") else words

    @property
    def restarts(self) -> int:
        """How often its restart policy started it again."""
        return int(self.document.get("RestartCount") or 0)

    @property
    def image_id(self) -> str:
        """The id of the image that it was made from."""
        return str(self.document["Image"])

    @property
    def reference(self) -> str:
        """How its image was named when it was made."""
        return str(self.document["Config"]["Image"])

    @property
    def networks(self) -> Mapping[str, Json]:
        """Its endpoints, by network."""
        return (self.document.get("NetworkSettings") or {}).get("Networks") or {}

    @property
    def address(self) -> str:
        """Where it can be reached: on its first network, or else on any; empty while it does not run."""
        mode = str(self.document["HostConfig"].get("NetworkMode", ""))
        first = self.networks.get("bridge" if mode == "default" else mode) or {}
        found = (str(one.get("IPAddress") or "") for one in (first, *self.networks.values()))
        return next((address for address in found if address), "")

    @property
    def stop_seconds(self) -> float:
        """How long it may take to end once it is asked to."""
        wanted = self.document["Config"].get("StopTimeout")
        return float(STOP_SECONDS if wanted is None else max(wanted, 0))

    @property
    def server_name(self) -> str:
        """Under which name a balancer knows it: names of containers move on, this one stays."""
        return self.labels.get(REPLACEMENT) or self.name

    def lacks(self, network: str, endpoint: Json) -> bool:
        """Whether it does not answer on this network to all the aliases that `endpoint` names."""
        joined = self.networks.get(network)
        return joined is None or not set(endpoint.get("Aliases") or ()) <= set(joined.get("Aliases") or ())

    def server(self, port: int | None) -> Server:
        """As a balancer has to know it. port: on which it answers, as the configuration says."""
        return Server(
            self.short_id,
            self.server_name,
            self.address,
            port or 0,
            running=self.running,
            healthy=self.healthy,
            attached=frozenset(self.networks),
        )
