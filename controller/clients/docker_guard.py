"""What some mutations may be done to: looked up right before each of them, whoever asks for it.

A new name, other networks and a start are for what Repave itself has made and not yet handed over: a successor, which
bears the replacement's id as its name and in its label. What has been stopped for good may be renamed, and taken off
its networks. Everything else would be mending (law 1).
"""

from collections.abc import Mapping
from typing import Any

from controller.domain.errors import Permanent

LABEL = "repave.replacement"
"""The label of what Repave made, with the id of the replacement that it was made for."""

GUARDED = frozenset({"ContainerStart", "ContainerRename", "NetworkConnect", "NetworkDisconnect"})
"""The mutations that depend on what the container is."""


def container_of(operation: str, path: str, body: Mapping[str, Any] | None) -> str:
    """The id or name of the container that a guarded call is about."""
    if operation.startswith("Network"):
        return str((body or {}).get("Container") or "")
    return path.split("/")[2]


def refuse_mending(operation: str, inspected: Mapping[str, Any]) -> None:
    """Raises Permanent when this may not be done to a container that is as `inspected`."""
    call, state = f"docker.{operation}", inspected.get("State") or {}
    name = str(inspected.get("Name", "")).removeprefix("/")
    labels = (inspected.get("Config") or {}).get("Labels") or {}
    ours = bool(name) and labels.get(LABEL) == name
    status = str(state.get("Status", ""))
    if operation == "ContainerStart":
        if not ours:
            raise _refused(call, f"{name} was not made by an open replacement; starting it would be a repair in place")
        if status not in ("created", "running"):
            raise _refused(call, f"{name} has run before (it is {status or 'unknown'}); a container is started once")
    elif not ours and (state.get("Running", True) or state.get("Restarting") or state.get("Paused")):
        raise _refused(call, f"{name} runs, and was not made by an open replacement")


def _refused(call: str, why: str) -> Permanent:
    return Permanent(f"{call}: refused, nothing was sent: {why}", call=call, code="mending")
