"""What a launch would use, and whether that moved while a replacement was under way. Pure."""

from collections.abc import Mapping

from controller.domain.model import Group, Image, Signal, Snapshot
from controller.domain.policy import Cause, Policy
from controller.domain.replacement import Replacement


def declared(group: Group | None, launch: Image | None = None) -> dict[str, str]:
    """What a launch in this group would use, as far as it is told: the image, the template and its version. launch: in
    the place of one instance, where members differ in that."""
    if group is None:
        return {}
    launch = launch or group.launch_image
    image = {"image_id": launch.id} if launch else {}
    template = {key: value for key, value in group.attributes.items() if key.startswith("launch_")}
    return {**image, **template}


def moved(snapshot: Snapshot, replacement: Replacement, policy: Policy) -> str | None:
    """Why the successor is not what a launch would use any more, through no fault of its own; or None.

    It was launched for what was declared at acceptance, and that has been declared anew since: then neither of the two
    is what it should be, and the successor's drift says nothing against replacing. A successor that differs from an
    unchanged declaration is no better than its predecessor, and that is not said here.
    """
    before = replacement.facts.get("declared") or {}
    now = _now(snapshot, replacement)
    drifted = [name for name in replacement.causes if _breaches(snapshot, replacement, policy, name)]
    changes = _changes(before, now)
    if not drifted or not changes:
        return None
    return f"what a launch would use has changed since ({changes}), and {replacement.successor} is not that"


def _now(snapshot: Snapshot, replacement: Replacement) -> dict[str, str]:
    """In the place of the predecessor, or of the successor once that is all there is."""
    inventory = snapshot.inventory
    member = inventory.instance(replacement.predecessor) or inventory.instance(replacement.successor or "")
    return declared(inventory.group(replacement.group), inventory.launch_image(member) if member else None)


def _breaches(snapshot: Snapshot, replacement: Replacement, policy: Policy, name: str) -> bool:
    """Whether the successor has drifted under this cause."""
    condition = policy.condition(name)
    signal = snapshot.signal(replacement.successor or "", name)
    if condition is None or condition.cause is not Cause.DRIFTED or not isinstance(signal, Signal):
        return False
    return condition.threshold.breached(signal.latest.value)


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What is told otherwise now than then; what is not told on one side says nothing."""
    changed = (key for key in sorted(before.keys() & now.keys()) if before[key] != now[key])
    return ", ".join(f"{key} from {before[key]} to {now[key]}" for key in changed)
