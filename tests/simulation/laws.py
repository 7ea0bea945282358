"""The laws as the wire shows them. `violations` knows nothing of how Repave works, only of what reached the world."""

from collections import Counter
from collections.abc import Sequence

from tests.simulation.world import Member, Wire, World


def violations(
    world: World, wire: Sequence[Wire], max_in_flight: int = 1, replacements: int | None = None
) -> list[str]:
    """One sentence per breach of capacity-first, once-only, fresh-and-healthy or the limits; empty when all is well.

    replacements: how many there had to be, each with one launch.
    """
    found = [f"{what} {count} times: {key}" for (what, key), count in _doubled(wire).items() if count > 1]
    surges = served_before = 0
    for item in wire:
        if item.call == "launch":
            served_before = served_before if surges else item.serving_before
            surges += 1
        if surges > max_in_flight:
            found.append(f"{surges} in flight at {item.at:%H:%M:%S}")
        desired = item.desired_after + (item.call == "terminate")
        needed = min(served_before, item.serving_before, desired - surges)
        if item.serving_after < needed:
            found.append(f"{item.call} {item.instance}: {item.serving_after} serve, {needed} had to")
        surges -= item.call == "terminate"
    launches = sum(item.call == "launch" for item in wire)
    if replacements is not None and launches != replacements:
        found.append(f"{launches} launches for {replacements} replacements")
    if surges:
        found.append(f"{surges} surges left over")
    if world.desired != world.size:
        found.append(f"desired ended at {world.desired}, not at {world.size}")
    now = world.clock.now()
    found += [f"{member.id} was kept though it is bad" for member in _launched(world) if member.sick(now)]
    return found


def _doubled(wire: Sequence[Wire]) -> Counter[tuple[str, str]]:
    return Counter((item.call, item.instance) for item in wire if item.call == "terminate")


def _launched(world: World) -> list[Member]:
    return [world.members[key] for key in world.launched if key in world.members]
