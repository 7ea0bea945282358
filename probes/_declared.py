"""What an instance is, against what a launch would make now: what the probes of drift share."""

from controller.domain.model import Reading, Signal, Unknown
from controller.domain.policy import Begins
from controller.domain.ports import ProbeRequest

CURRENT, DIFFERS = "current", "differs"
DRIFTED = Begins(DIFFERS)


def compared(request: ProbeRequest, query: str, is_now: str, would_be: str) -> Signal:
    """The reading of the moment when the inventory was read: `current`, or `differs: A, a launch would use B`."""
    value = CURRENT if is_now == would_be else f"{DIFFERS}: {is_now}, a launch would use {would_be}"
    return Signal((Reading(value, min(request.inventory.read_at, request.at)),), query)


def untold(what: str, query: str = "") -> Unknown:
    """One of the two sides is not known."""
    return Unknown(f"it cannot be told {what}", query)
