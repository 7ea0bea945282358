"""The laws as the wire of a Docker fleet shows them: only what reached the engine and HAProxy counts.

The lists are written out a second time, so that a longer one in the daemon is seen here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tests.support.wiretap import Request

ENGINE = frozenset(
    {
        "ContainerCreate",
        "ContainerStart",
        "ContainerStop",
        "ContainerDelete",
        "ContainerRename",
        "NetworkConnect",
        "NetworkDisconnect",
        "ImageCreate",
    }
)
BALANCER = frozenset({"AddServer", "DeleteServer", "SetServer", "EnableHealth"})
OF_SUCCESSORS_OR_STOPPED = frozenset({"ContainerRename", "NetworkConnect", "NetworkDisconnect"})


def broken(requests: Iterable[Request], label: str | None = None) -> list[str]:
    """One sentence for each call that no daemon may make (laws 1 and 9), whether the engine did it or not.

    Nothing off the lists; renamed, connected and disconnected is only a successor that does not serve under its
    predecessor's name yet, or what does not run; started is only a successor; removed is only what has stopped, without
    force and without its volumes. label: KEY=VALUE of the fleet: nobody without it is touched.
    """
    return [sentence for request in requests if request.mutating for sentence in _of_one(request, label)]


def _of_one(request: Request, label: str | None) -> Iterator[str]:
    listed = ENGINE if request.service == "docker" else BALANCER
    if any(action not in listed for action in request.action.split("+")):
        yield f"{request} is not on the list"
        return
    target = request.target
    if target is None or not target["there"]:
        return
    about = f"{request.action} of {target['name']}"
    running, successor = target["running"], target["successor"]
    if request.action in OF_SUCCESSORS_OR_STOPPED and running and not successor:
        yield f"{about}, which runs and is no successor of an open replacement"
    if request.action == "ContainerStart" and not successor:
        yield f"{about}, which is no successor of an open replacement"
    if request.action == "ContainerDelete":
        yield from (
            f"{about} with {how}" for how in ("force", "v") if request.query.get(how, "0") not in ("0", "false")
        )
        if running:
            yield f"{about}, which runs"
    key, _, value = (label or "").partition("=")
    if key and target["labels"].get(key) != value:
        yield f"{about}, which is not of the fleet"


def capacity(requests: Sequence[Request], size: int) -> list[str]:
    """One sentence for each call after which fewer serve than before it, than before its surge, and than `size`.

    The wire says who served right before and after each call. A surge begins with a create that takes effect, and ends
    when a container was removed.
    """
    found, surge, began_with = [], 0, 0
    for one in requests:
        if not one.mutating or one.before is None or one.after is None:
            continue
        began_with = began_with if surge else len(one.before)
        needed = min(len(one.before), began_with, size)
        if len(one.after) < needed:
            found.append(f"after {one}, {len(one.after)} serve where {needed} have to")
        if one.effect:
            surge += {"ContainerCreate": 1, "ContainerDelete": -1}.get(one.action, 0)
    return found


def doubled(requests: Iterable[Request]) -> list[str]:
    """One sentence for each container that was created, or removed, more than once with effect."""
    made = [one for one in requests if one.effect]
    created = Counter(one.query.get("name", "") for one in made if one.action == "ContainerCreate")
    removed = Counter((one.target or {}).get("id", "") for one in made if one.action == "ContainerDelete")
    return [
        *(f"{name} was created {times} times" for name, times in created.items() if times > 1),
        *(f"{name} was removed {times} times" for name, times in removed.items() if times > 1),
    ]


def creations(requests: Iterable[Request]) -> int:
    """How many containers were created."""
    return sum(one.effect for one in requests if one.action == "ContainerCreate")
