"""HAProxy, through its runtime API: servers come, are checked, get traffic, are drained and go, without a reload.

A server gets traffic only after HAProxy's own check of it has passed. HAProxy itself calls it up as soon as it leaves
maintenance, so it is held in drain, where it gets none, until its first check. One whose check fails there is down, and
leaving drain does not change that.

Servers that were added are unknown to HAProxy's file: a reload forgets them, and brings back those of the file, ready
and at the addresses that they once had. Addresses of containers are given to others. So a server answers for a member
only under the member's name and at its address, and `reconcile` sees to it at each tick.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from controller.balancers._haproxy_places import OURS, Places, at_its_address, clashing, places, target_of
from controller.clients.haproxy import ADDRESS, Haproxies, RuntimeApi
from controller.clients.haproxy_calls import KEYWORDS, NAME
from controller.clients.haproxy_rows import ServerRow
from controller.clients.option_types import OptionDuration, text_like
from controller.domain.errors import Gone, Permanent, Transient
from controller.domain.model import Target
from controller.domain.ports import BalancerSpec, LoadBalancer, Mutate, Resources, Server

Socket = Annotated[str, *text_like(ADDRESS, "must be the PATH of a unix socket, or HOST:PORT")]
Backend = Annotated[str, *text_like(NAME, "must be a backend's name")]
Keywords = Annotated[str, *text_like(KEYWORDS, "must be keywords of a `server` line, such as `ssl verify none`")]


class HaproxyOptions(BaseModel):
    """A backend of a HAProxy whose runtime API can be reached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    socket: Socket = Field(description="its runtime API, with `level admin`: the PATH of a unix socket, or HOST:PORT")
    backend: Backend = Field(description="the backend whose servers are this fleet's")
    port: int = Field(default=80, ge=1, le=65535, strict=True, description="on which the containers answer")
    inter: OptionDuration = Field(default=1.0, description="between two checks of a server that Repave added")
    rise: int | None = Field(
        default=None,
        ge=1,
        le=100,
        strict=True,
        description="checks that pass before it is up; default: as its siblings",
    )
    fall: int | None = Field(
        default=None,
        ge=1,
        le=100,
        strict=True,
        description="checks that fail before it is down; default: as its siblings",
    )
    weight: int | None = Field(default=None, ge=1, le=256, strict=True, description="default: as its siblings")
    maxconn: int | None = Field(default=None, ge=1, strict=True, description="default: as its siblings")
    keywords: Keywords | None = Field(
        default=None,
        description="whatever else the servers of the backend are declared with, such as `ssl verify none`",
    )


MOVED = ("no_such_server", "exists")
"""Codes of refusals by a HAProxy that is not any more as the look before showed it: the next look shows it anew."""


class Haproxy(LoadBalancer):
    """Implements the LoadBalancer port for the one backend of its options."""

    def __init__(self, options: HaproxyOptions, api: RuntimeApi) -> None:
        self._options = options
        self._api = api
        self._noticed: frozenset[str] = frozenset()

    async def targets(self, balancer: str, servers: Sequence[Server]) -> Mapping[str, Target]:
        """What HAProxy says of each of these that it has a server for."""
        own = (await self._places(servers)).own
        known = (server for server in servers if server.instance_id in own)
        return {server.instance_id: target_of(balancer, own[server.instance_id], server) for server in known}

    async def register(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Add the server, or take over the one of its name; have it checked; once a check has passed, ready."""
        rows = await self._api.servers(self._options.backend)
        found = places(rows, (server,))
        for row in found.impostors:
            await self._set(row, "maint", mutate)
        await self._advance(rows, found.own.get(server.instance_id), server, mutate)

    async def deregister(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Drain; in maintenance as soon as no session is left."""
        row = await self._own(server)
        if row is not None and not row.in_maintenance and not row.is_draining:
            await self._set(row, "drain", mutate)
            row = await self._own(server)
        if row is not None and row.is_draining and not row.sessions:
            await self._set(row, "maint", mutate)

    async def forget(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Maintenance; and what Repave added is deleted, as soon as no connection is left. A server of HAProxy's own
        file stays in maintenance, where it is: a reload would bring it back."""
        row = await self._own(server)
        if row is not None:
            await self._retire(row, mutate)

    async def reconcile(
        self, balancer: str, servers: Sequence[Server], mutate: Mutate, *, busy: frozenset[str] = frozenset()
    ) -> tuple[str, ...]:
        """Every member its server; nothing under a member's name or at its address that is not; and what was added for
        those that have gone goes too. Nothing is done where there is no member at all."""
        if not servers:
            return ()
        rows = await self._api.servers(self._options.backend)
        found = places(rows, servers)
        done = [await self._unmask(row, mutate) for row in found.impostors]
        torn = clashing(servers)
        ours = (server for server in servers if server.instance_id not in busy | torn)
        done.extend([await self._put_right(rows, found, server, mutate) for server in ours])
        done.extend([await self._drop(row, mutate) for row in found.strays if row.name not in busy])
        strangers = [f"{row.name} is no member's server: left alone" for row in found.foreign if not row.in_maintenance]
        twins = [
            f"{one.name} has the address of another member: left alone" for one in servers if one.instance_id in torn
        ]
        return (*filter(None, done), *self._news(strangers + twins))

    async def _unmask(self, row: ServerRow, mutate: Mutate) -> str:
        did = await self._set(row, "maint", mutate)
        return (
            f"{row.name} at {row.address}:{row.port} is not the member it claims to be: in maintenance" if did else ""
        )

    async def _drop(self, row: ServerRow, mutate: Mutate) -> str:
        did = await self._retire(row, mutate)
        return f"{row.name} is nobody's any more: in maintenance, and deleted once it is idle" if did else ""

    async def _put_right(self, rows: Sequence[ServerRow], found: Places, server: Server, mutate: Mutate) -> str:
        row = found.own.get(server.instance_id)
        if server.address and server.running:
            try:
                did = await self._advance(rows, row, server, mutate)
            except (Gone, Permanent, Transient) as error:
                if isinstance(error, Transient) and error.code not in MOVED:
                    raise
                return f"{server.name} cannot be put right: {error}"
            return f"{server.name}: {did}" if did else ""
        if row is not None and await self._set(row, "maint", mutate):
            return f"{server.name} does not run: in maintenance"
        return ""

    async def _advance(self, rows: Sequence[ServerRow], row: ServerRow | None, server: Server, mutate: Mutate) -> str:
        """Bring a member's server nearer to traffic, as far as it goes without waiting. What was done, in words."""
        if not server.address:
            raise Transient(f"{server.name} has no address yet", call="haproxy.AddServer", code="no_address")
        if row is None:
            await self._add(rows, server, mutate)
            await self._have_checked(server.name, mutate, checked=True)
            return f"added at {server.address}:{server.port}, and checked before it gets traffic"
        if not at_its_address(row, server):
            return await self._follow(row, server, mutate)
        if row.in_maintenance:
            await self._have_checked(row.name, mutate, checked=row.checked)
            return "taken out of maintenance, and checked before it gets traffic"
        if row.checked and not row.checking:
            await self._do("EnableHealth", f"enable health {self._path(row.name)}", {}, row.name, mutate)
            return "its check was enabled"
        if row.is_draining and (row.passed or not row.checked or not row.is_up):
            await self._set(row, "ready", mutate)
            return "gets traffic" if row.is_up else "gets traffic once its check passes"
        return ""

    async def _follow(self, row: ServerRow, server: Server, mutate: Mutate) -> str:
        """Bring a server to its member's new address. A session in flight would leave its connection to the old one
        behind, for requests to come: none may be left."""
        changed = await self._set(row, "maint", mutate)
        now = await self._again(row) if changed else row
        if now is not None and now.sessions:
            return f"in maintenance at {row.address}:{row.port}, where it is no more" if changed else ""
        await self._move(row, server, mutate)
        await self._have_checked(row.name, mutate, checked=row.checked)
        return f"now at {server.address}:{server.port} instead of {row.address}:{row.port}, and checked first"

    async def _have_checked(self, name: str, mutate: Mutate, *, checked: bool) -> None:
        """Out of maintenance into drain: it is checked there, and gets nothing new. Enabled before that, because the
        first check that passes is then enough."""
        if checked:
            await self._do("EnableHealth", f"enable health {self._path(name)}", {}, name, mutate)
        await self._state(name, "drain", mutate)

    async def _add(self, rows: Sequence[ServerRow], server: Server, mutate: Mutate) -> None:
        options = self._options
        like = next((row for row in rows if row.checked), None)
        words = {
            "inter": f"{max(1, round(options.inter * 1000))}ms",
            "rise": options.rise or (like.rise if like else 2),
            "fall": options.fall or (like.fall if like else 3),
            "weight": options.weight or (like.weight if like else 1),
            "maxconn": options.maxconn or (like.maxconn if like else 0),
        }
        said = " ".join(f"{key} {value}" for key, value in words.items() if value)
        where = f"{server.address}:{server.port}"
        command = f"add server {self._path(server.name)} {where} check {said} {options.keywords or ''}".rstrip()
        await self._do("AddServer", command, {"address": where}, server.name, mutate)

    async def _move(self, row: ServerRow, server: Server, mutate: Mutate) -> None:
        command = f"set server {self._path(row.name)} addr {server.address} port {server.port}"
        await self._do("SetServer", command, {"address": f"{server.address}:{server.port}"}, row.name, mutate)

    async def _retire(self, row: ServerRow, mutate: Mutate) -> bool:
        """Maintenance; deleted if it is ours and nothing holds it any more, which HAProxy tells. Whether anything was
        done."""
        changed = await self._set(row, "maint", mutate)
        now = await self._again(row)
        if now is None or not OURS.fullmatch(row.name) or now.sessions or now.attached:
            return changed
        try:
            await self._do("DeleteServer", f"del server {self._path(row.name)}", {}, row.name, mutate)
        except (Permanent, Transient) as error:
            if error.code not in ("connections", "referenced", "no_such_server"):
                raise
        return True

    async def _set(self, row: ServerRow, state: str, mutate: Mutate) -> bool:
        """Set a server's state, unless it is in it. Whether that was needed."""
        if row.in_maintenance and state == "maint":
            return False
        await self._state(row.name, state, mutate)
        return True

    async def _state(self, name: str, state: str, mutate: Mutate) -> None:
        await self._do("SetServer", f"set server {self._path(name)} state {state}", {"state": state}, name, mutate)

    async def _do(self, operation: str, command: str, facts: Mapping[str, Any], name: str, mutate: Mutate) -> None:
        arguments = {"socket": self._options.socket, "backend": self._options.backend, "server": name, **facts}
        await mutate(f"haproxy.{operation}", arguments, lambda: self._api.mutate(operation, command))

    async def _places(self, servers: Sequence[Server]) -> Places:
        return places(await self._api.servers(self._options.backend), servers)

    async def _own(self, server: Server) -> ServerRow | None:
        return (await self._places((server,))).own.get(server.instance_id)

    async def _again(self, row: ServerRow) -> ServerRow | None:
        return next((one for one in await self._api.servers(self._options.backend) if one.name == row.name), None)

    def _path(self, name: str) -> str:
        return f"{self._options.backend}/{name}"

    def _news(self, noticed: Sequence[str]) -> list[str]:
        """What was not so at the last look: what nobody does anything about is said once."""
        news, self._noticed = [one for one in noticed if one not in self._noticed], frozenset(noticed)
        return news


def _build(options: HaproxyOptions, resources: Resources) -> Haproxy:
    return Haproxy(options, resources.get(Haproxies).at(options.socket))


def _id_of(options: HaproxyOptions) -> str:
    return f"{options.backend}@{options.socket}"


BALANCER = BalancerSpec(
    name="haproxy",
    options=HaproxyOptions,
    build=_build,
    balancer_id=_id_of,
    one_fleet=True,
    summary="A backend of HAProxy, through its runtime API.",
)
