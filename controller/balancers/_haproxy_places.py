"""Which server of a backend is which member of a fleet, and which must not serve. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.clients.haproxy_rows import ServerRow
from controller.domain.model import Target
from controller.domain.ports import Server

OURS = re.compile(r"r-[0-9a-f]{10,}")
"""Names of replacements, under which only Repave adds servers."""


@dataclass(frozen=True, slots=True)
class Places:
    """own: the server of each member that has one, by instance id. impostors: servers that would serve under another's
    name or at another's address. strays: servers that Repave added for containers that are no members any more.
    foreign: servers that are none of the fleet's."""

    own: Mapping[str, ServerRow]
    impostors: tuple[ServerRow, ...]
    strays: tuple[ServerRow, ...]
    foreign: tuple[ServerRow, ...]


def places(rows: Sequence[ServerRow], servers: Sequence[Server]) -> Places:
    """Who is who.

    A member's server is the one of its name. A member that is no successor may do without: then a server at its address
    is its own, under whatever name HAProxy's file has it. Any other server at its address would be the member a second
    time, and one that the file has under a name that a member bears is what that member replaced.
    """
    named = {row.name: row for row in rows}
    names = {server.name for server in servers}
    own: dict[str, ServerRow] = {}
    for server in servers:
        found = named.get(server.name) or _by_address(rows, server, names)
        if found is not None:
            own[server.instance_id] = found
    taken = {row.name for row in own.values()}
    also = {name for server in servers for name in server.also}
    torn = clashing(servers)
    occupied = {(one.address, one.port): one for one in servers if one.address and one.instance_id not in torn}
    impostors: list[ServerRow] = []
    strays: list[ServerRow] = []
    foreign: list[ServerRow] = []
    for row in rows:
        owner = occupied.get((row.address, row.port))
        if owner is not None and own.get(owner.instance_id) is not row:
            impostors.append(row)
        elif row.name in taken:
            continue
        elif row.name in also:
            impostors.append(row)
        else:
            (strays if OURS.fullmatch(row.name) else foreign).append(row)
    return Places(own, tuple(impostors), tuple(strays), tuple(foreign))


def clashing(servers: Sequence[Server]) -> frozenset[str]:
    """Ids of members that have one address between them: of two engines with networks of the same numbers, or for a
    moment, when one had an address and another has it now. HAProxy cannot tell them apart."""
    seen = Counter((server.address, server.port) for server in servers if server.address)
    return frozenset(server.instance_id for server in servers if seen[server.address, server.port] > 1)


def _by_address(rows: Sequence[ServerRow], server: Server, names: set[str]) -> ServerRow | None:
    if not server.address or OURS.fullmatch(server.name):
        return None
    here = (row for row in rows if (row.address, row.port) == (server.address, server.port))
    return next((row for row in here if row.name not in names and not OURS.fullmatch(row.name)), None)


def at_its_address(row: ServerRow, server: Server) -> bool:
    """Whether HAProxy has the member where it is."""
    return (row.address, row.port) == (server.address, server.port)


def target_of(balancer: str, row: ServerRow, server: Server) -> Target:
    """What HAProxy says of a member by its server."""
    if row.in_maintenance:
        return Target(balancer, "unused", row.status)
    if server.address and not at_its_address(row, server):
        return Target(balancer, "unused", f"HAProxy has it at {row.address}:{row.port}")
    if row.is_draining and row.fresh and row.is_up:
        return Target(balancer, "initial", "HAProxy has not checked it yet")
    if row.is_draining:
        return Target(balancer, "draining", f"{row.sessions} session(s) left; {row.check}".rstrip("; "))
    if not row.is_up:
        return Target(balancer, "unhealthy", f"{row.status} {row.check}".strip())
    if row.checked and (row.fresh or not row.checking):
        return Target(balancer, "initial", "HAProxy has not checked it yet")
    return Target(balancer, "healthy", "" if row.checked else "HAProxy does not check it")
