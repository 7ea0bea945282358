"""One container as the acting half sees it: inspect's answer, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
class Inspected:
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
        """In the engine's words: created, running, paused, restarting, removing, exited or dead."""
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
        return address_of(str(self.document["HostConfig"].get("NetworkMode", "")), self.networks)

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

    def server(self, port: int | None, now: datetime, leaving_seconds: float | None = None) -> Server:
        """As a balancer has to know it. port: on which it answers, as the configuration says."""
        short = {self.short_id}
        aliased = frozenset(name for name, one in self.networks.items() if set(one.get("Aliases") or ()) - short)
        return Server(
            self.short_id,
            self.server_name,
            self.address,
            port or 0,
            also=() if self.name == self.server_name else (self.name,),
            running=self.running,
            healthy=self.healthy,
            healthy_seconds=self._settled_seconds(now),
            attached=aliased or None,
            leaving_seconds=leaving_seconds,
        )

    def _settled_seconds(self, now: datetime) -> float | None:
        """For how long it has been as healthy as it is; where it has no check, for how long it runs."""
        state = self.document["State"]
        if not self.running:
            return None
        if self.healthy is None:
            since = moment(state.get("StartedAt"))
        else:
            since = None
            for check in reversed((state.get("Health") or {}).get("Log") or ()):
                if (check.get("ExitCode") == 0) is not self.healthy:
                    break
                since = moment(check.get("End"))
        return max(0.0, (now - since).total_seconds()) if since else None


def address_of(mode: str, networks: Mapping[str, Json]) -> str:
    """The address on the network that the mode names, or else on any; empty while there is none."""
    first = networks.get("bridge" if mode == "default" else mode) or {}
    found = (str(one.get("IPAddress") or "") for one in (first, *networks.values()))
    return next((address for address in found if address), "")


def moment(text: str | None) -> datetime | None:
    """A time of the engine's (RFC 3339 with nanoseconds), in UTC; None where it says nothing or year 1."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found.astimezone(UTC) if found.year > 1 else None
