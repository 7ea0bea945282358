"""Law 1 for Docker engines: every operation that Repave can make, by its name in the Engine API, method and path.

None of them runs a command in a container, restarts, pauses, updates or commits one, or writes into one. What depends
on the container (a new name, its networks, its one start) is in `docker_guard`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from yarl import URL

from controller.domain.errors import ForbiddenCall

_ID = r"/[A-Za-z0-9][A-Za-z0-9_.-]*"
_IMAGE = r"(?:/[A-Za-z0-9][A-Za-z0-9_.:@-]*)+"
_VERSION = re.compile(r"/v[0-9]+\.[0-9]+(?=/)")


@dataclass(frozen=True, slots=True)
class Call:
    """How an operation looks on the wire. path: a pattern, without the version of the API. query: the parameters that
    it may have; None: any, for what changes nothing whatever it is asked."""

    method: str
    path: str
    query: frozenset[str] | None = None

    def allows(self, method: str, path: str, query: Iterable[str]) -> bool:
        """Whether this request is the operation as it is listed."""
        known = self.query is None or self.query.issuperset(query)
        return known and method == self.method and re.fullmatch(self.path, path) is not None


def _changing(method: str, path: str, *query: str) -> Call:
    return Call(method, path, frozenset(query))


READS: Mapping[str, Call] = {
    "SystemInfo": Call("GET", r"/info"),
    "SystemVersion": Call("GET", r"/version"),
    "SystemEvents": Call("GET", r"/events"),
    "ContainerList": Call("GET", r"/containers/json"),
    "ContainerInspect": Call("GET", rf"/containers{_ID}/json"),
    "ContainerChanges": Call("GET", rf"/containers{_ID}/changes"),
    "ContainerLogs": Call("GET", rf"/containers{_ID}/logs"),
    "ContainerStats": Call("GET", rf"/containers{_ID}/stats"),
    "ContainerTop": Call("GET", rf"/containers{_ID}/top"),
    "ExecInspect": Call("GET", r"/exec/[0-9a-f]{64}/json"),  # tells what somebody else runs; it runs nothing
    "ImageInspect": Call("GET", rf"/images{_IMAGE}/json"),
    "DistributionInspect": Call("GET", rf"/distribution{_IMAGE}/json"),
    "VolumeList": Call("GET", r"/volumes"),
}
"""What Repave reads with."""

MUTATIONS: Mapping[str, Call] = {
    "ContainerCreate": _changing("POST", r"/containers/create", "name", "platform"),
    "ContainerStart": _changing("POST", rf"/containers{_ID}/start"),
    "ContainerStop": _changing("POST", rf"/containers{_ID}/stop", "t", "signal"),
    "ContainerDelete": _changing("DELETE", rf"/containers{_ID}"),  # neither `force`, nor `v`, which takes volumes along
    "ContainerRename": _changing("POST", rf"/containers{_ID}/rename", "name"),
    "NetworkConnect": _changing("POST", rf"/networks{_ID}/connect"),
    "NetworkDisconnect": _changing("POST", rf"/networks{_ID}/disconnect"),
    "ImageCreate": _changing("POST", r"/images/create", "fromImage", "tag", "platform"),
}
"""Every operation by which Repave can change anything on an engine."""


def demand(listed: Mapping[str, Call], operation: str, method: str, path: str, query: Iterable[str] = ()) -> None:
    """Raises ForbiddenCall unless this is the listed operation, made as it is listed."""
    known = listed.get(operation)
    if known is None or not known.allows(method, path, query):
        kind = "reads" if listed is READS else "mutations"
        parameters = ", ".join(sorted(query)) or "nothing"
        raise ForbiddenCall(f"docker.{operation} ({method} {path} with {parameters}) is not on the list of {kind}")


def refuse_unlisted(method: str, url: URL) -> None:
    """The last line of defence, in front of the socket: asked for every request, whoever made it, in the form in which
    it goes out."""
    path = _VERSION.sub("", url.raw_path, count=1) if _VERSION.match(url.raw_path) else url.raw_path
    if not any(known.allows(method, path, url.query) for known in (*READS.values(), *MUTATIONS.values())):
        raise ForbiddenCall(f"{method} {url.raw_path} is on neither the list of reads nor the list of mutations")
