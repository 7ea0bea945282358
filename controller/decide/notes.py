"""What a policy comes to in a fleet of the present size, where that is probably not what was meant."""

from collections.abc import Iterator

from controller.domain.model import Snapshot
from controller.domain.policy import Policy

AT_LEAST = 2
"""Trouble is the fleet's own from two instances on; see the rules fleet_wide_fault and source_quiet."""


def notes_of(snapshot: Snapshot, policy: Policy) -> Iterator[str]:
    """Sentences about shares that round to something else than they say."""
    desired = sum(group.desired for group in snapshot.inventory.groups)
    share = policy.limits.max_in_flight.share
    if share is not None and share * desired < 1:
        yield f"max_in_flight of {policy.limits.max_in_flight} is less than one of {desired} instances: it comes to 1"
    floor = policy.limits.capacity_floor
    if floor is not None and floor.at_least(desired) >= desired > 0:
        yield f"capacity_floor of {floor} is all {desired} instances: each waits for a successor that serves"
    stop = policy.stop_when
    shares = {"degraded_over": stop.degraded_over, "tampered_over": stop.tampered_over, "blind_over": stop.blind_over}
    never = [key for key, limit in shares.items() if desired and (desired < AT_LEAST or limit >= 1)]
    if never:
        why = f"it takes {AT_LEAST} instances" if desired < AT_LEAST else "there is no more than all of them"
        yield f"{', '.join(never)} can never be exceeded ({why}): no trouble is ever the fleet's"
