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
    in_flight = 0
    for item in wire:
        in_flight += {"launch": 1, "terminate": -1}.get(item.call, 0)
        if in_flight > max_in_flight:
            found.append(f"{in_flight} in flight at {item.at:%H:%M:%S}")
        surges = max(in_flight, 0) + (item.call == "terminate")
        needed = min(item.serving_before, item.desired_after + (item.call == "terminate") - surges)
        if item.serving_after < needed:
            found.append(f"{item.call} {item.instance}: {item.serving_after} serve, {needed} had to")
    launches = sum(item.call == "launch" for item in wire)
    if replacements is not None and launches != replacements:
        found.append(f"{launches} launches for {replacements} replacements")
    if in_flight != 0:
        found.append(f"{in_flight} surges left over")
    if world.desired != world.size:
        found.append(f"desired ended at {world.desired}, not at {world.size}")
    now = world.clock.now()
    found += [f"{member.id} was kept though it is bad" for member in _launched(world) if member.sick(now)]
    return found


def _doubled(wire: Sequence[Wire]) -> Counter[tuple[str, str]]:
    return Counter((item.call, item.instance) for item in wire if item.call == "terminate")


def _launched(world: World) -> list[Member]:
    return [world.members[key] for key in world.launched if key in world.members]
