"""Between replacements: the balancer put right, and what has been in quarantine for its time removed."""

from collections.abc import Sequence

from controller.domain.lifecycle import Phase
from controller.domain.ports import Upkeep
from controller.domain.replacement import Replacement
from controller.platforms.docker.capacity import GOING, on_the_way_out
from controller.platforms.docker.crew import Crew
from controller.platforms.docker.hand import Hand
from controller.platforms.docker.inspected import REPLACEMENT, Inspected
from controller.platforms.docker.quarantine import parse

PROVEN = frozenset({Phase.READY, Phase.VERIFYING, Phase.VERIFIED}) | GOING
"""Phases in which a successor serves."""


async def upkeep(crew: Crew, work: Upkeep) -> tuple[str, ...]:
    """A sentence for each thing done or noticed. Engines that are held are left alone."""
    inventory = await crew.look()
    held = {group.name for group in inventory.groups if any(veto.rule == "held" for veto in group.vetoes)}
    said, members = [], list[Inspected]()
    for group, hand in crew.hands.items():
        found = await hand.members(crew.label)
        if group not in held:
            said += await _release(hand, work, found)
        members += [one for one in found if parse(one.name) is None]
    if held or crew.traffic.balancer is None:
        return tuple(said)
    async with crew.ledger.turn:
        busy = _busy(crew, work) | _unknown_yet(work, members)
        servers = [one.server(crew.traffic.port, work.now) for one in members]
        said += await crew.traffic.reconcile(servers, work.mutate, busy)
    return tuple(said)


async def _release(hand: Hand, work: Upkeep, found: Sequence[Inspected]) -> list[str]:
    """Remove what has been aside for its time. One that the engine started again by its restart policy is stopped."""
    said = []
    for one in found:
        kept = parse(one.name)
        if kept is None:
            continue
        if one.alive:
            await hand.stop(work.mutate, one)
            said.append(f"{one.name} was running in quarantine and was stopped")
        elif kept.until <= work.now:
            await hand.remove(work.mutate, one)
            said.append(f"{kept.name} of {kept.replacement} has been in quarantine for its time and was removed")
    return said


def _busy(crew: Crew, work: Upkeep) -> frozenset[str]:
    """Whose place in the balancer a replacement under way decides: ids of members, and names of servers."""
    found = {who for group in crew.hands for who in crew.ledger.leaving(group)} | {one.id for one in work.open}
    for one in work.open:
        found |= on_the_way_out(one) | _in_question(one)
    return frozenset(found)


def _unknown_yet(work: Upkeep, members: Sequence[Inspected]) -> set[str]:
    """Successors that run while no outcome has been journaled yet: their replacements do not know them by id."""
    launching = {one.id for one in work.open if one.successor is None}
    return {one.short_id for one in members if one.labels.get(REPLACEMENT) in launching}


def _in_question(replacement: Replacement) -> set[str]:
    ours = {replacement.successor or "", replacement.predecessor}
    if replacement.undoing:
        return ours
    return {replacement.successor or ""} if replacement.phase not in PROVEN else set()
