"""Law 5 at the engine: who may go out of service now. Pure."""

from collections.abc import Collection

from controller.domain.lifecycle import Phase
from controller.domain.model import Inventory
from controller.domain.ports import Work
from controller.domain.replacement import Replacement

GOING = frozenset({Phase.DRAINING, Phase.DRAINED, Phase.TERMINATING, Phase.TERMINATED})
"""Phases in which a predecessor is being taken out, or has been."""


def on_the_way_out(replacement: Replacement) -> frozenset[str]:
    """Whom this open replacement is taking out of service, as far as its journal says."""
    if replacement.undoing:
        return frozenset({replacement.successor} if replacement.successor else ())
    return frozenset({replacement.predecessor} if replacement.phase in GOING else ())


def loss(inventory: Inventory, work: Work, leaver: str, leaving: Collection[str]) -> str | None:
    """Why `leaver` must not be taken out of service now, or None.

    What serves never falls, through our calls, below what served when the replacement was accepted, or below the number
    of members without our surges, whichever is less. leaving: who is being taken out besides.
    """
    ours = work.replacement
    out = {who for other in work.others for who in on_the_way_out(other)} | set(leaving)
    members = [member for member in inventory.members(ours.group) if not member.leaving]
    serving = {member.id for member in members if member.serving} - (out - {leaver})
    before = int(ours.facts.get("serving", len(serving)))
    left, needed = len(serving - {leaver}), min(before, _desired({member.id for member in members}, work))
    if leaver not in serving or left >= needed:
        return None
    return f"without {leaver}, {left} would serve where {needed} have to"


def _desired(members: Collection[str], work: Work) -> int:
    """The members, with each open replacement counted once; not at all where its predecessor went by itself and only
    our surplus is left."""
    alone, pairs = set(members), 0
    for one in (work.replacement, *work.others):
        if one.group == work.replacement.group:
            stays = one.predecessor in members or (not one.undoing and one.successor in members)
            pairs += 1 if stays else 0
            alone -= {one.predecessor, one.successor or ""}
    return len(alone) + pairs
