"""Law 1 for Docker engines: every operation that Repave can make, by its name in the Engine API, method and path.

None of them runs a command in a container, restarts, pauses, updates or commits one, or writes into one. Renaming and
connecting are for our own successors, and for what has been stopped for good; whoever makes these calls sees to that.
"""

import re

from controller.domain.errors import ForbiddenCall

_ID = r"/[A-Za-z0-9][\w.-]*"
_IMAGE = r"/[\w./:@-]+"

READS = {
    "SystemInfo": ("GET", r"/info"),
    "SystemPing": ("GET", r"/_ping"),
    "SystemVersion": ("GET", r"/version"),
    "SystemEvents": ("GET", r"/events"),
    "ContainerList": ("GET", r"/containers/json"),
    "ContainerInspect": ("GET", rf"/containers{_ID}/json"),
    "ContainerChanges": ("GET", rf"/containers{_ID}/changes"),
    "ContainerLogs": ("GET", rf"/containers{_ID}/logs"),
    "ContainerStats": ("GET", rf"/containers{_ID}/stats"),
    "ContainerTop": ("GET", rf"/containers{_ID}/top"),
    "ImageInspect": ("GET", rf"/images{_IMAGE}/json"),
    "DistributionInspect": ("GET", rf"/distribution{_IMAGE}/json"),
    "NetworkInspect": ("GET", rf"/networks{_ID}"),
    "VolumeList": ("GET", r"/volumes"),
}
"""What Repave reads with."""

MUTATIONS = {
    "ContainerCreate": ("POST", r"/containers/create"),
    "ContainerStart": ("POST", rf"/containers{_ID}/start"),
    "ContainerStop": ("POST", rf"/containers{_ID}/stop"),
    "ContainerDelete": ("DELETE", rf"/containers{_ID}"),
    "ContainerRename": ("POST", rf"/containers{_ID}/rename"),
    "NetworkConnect": ("POST", rf"/networks{_ID}/connect"),
    "NetworkDisconnect": ("POST", rf"/networks{_ID}/disconnect"),
    "ImageCreate": ("POST", r"/images/create"),
}
"""Every operation by which Repave can change anything on an engine."""

_VERSION = r"(?:/v\d+\.\d+)?"


def demand(listed: dict[str, tuple[str, str]], operation: str, method: str, path: str) -> None:
    """Raises ForbiddenCall unless this is the listed operation, made as it is listed."""
    known = listed.get(operation)
    if known is None or known[0] != method or not re.fullmatch(known[1], path):
        kind = "reads" if listed is READS else "mutations"
        raise ForbiddenCall(f"docker.{operation} ({method} {path}) is not on the list of {kind}")


def refuse_unlisted(method: str, path: str) -> None:
    """The last line of defence, in front of the socket: asked for every request, whoever made it."""
    for known, pattern in (*READS.values(), *MUTATIONS.values()):
        if known == method and re.fullmatch(_VERSION + pattern, path):
            return
    raise ForbiddenCall(f"{method} {path} is on neither the list of reads nor the list of mutations")
