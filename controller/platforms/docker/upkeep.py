"""Between replacements: the balancer put right, and what has been in quarantine for its time removed.

It costs one list of containers and one of volumes per engine, at each tick.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from controller.domain.lifecycle import Phase
from controller.domain.ports import Upkeep
from controller.domain.replacement import Replacement
from controller.platforms.docker.capacity import GOING, on_the_way_out
from controller.platforms.docker.container import Container, listed
from controller.platforms.docker.crew import Crew
from controller.platforms.docker.hand import Hand
from controller.platforms.docker.marks import engine_marks, marks, member_marks
from controller.platforms.docker.quarantine import parse

PROVEN = frozenset({Phase.READY, Phase.VERIFYING, Phase.VERIFIED}) | GOING
"""Phases in which a successor serves."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one engine has. held: whether all of it is. left_alone: the ids of members that are held by themselves."""

    aside: tuple[Container, ...]
    members: tuple[Container, ...]
    held: bool
    left_alone: frozenset[str]


async def upkeep(crew: Crew, work: Upkeep) -> tuple[str, ...]:
    """A sentence for each thing done or noticed. What is held is left alone: an engine, or a container."""
    said = []
    for hand in crew.hands.values():
        found = await _look(hand, crew.label)
        if not found.held:
            said += await _release(hand, work, found.aside)
    if crew.traffic.balancer is None:
        return tuple(said)
    async with crew.ledger.turn(crew.traffic.id):  # nobody begins to leave between this look and what follows from it
        engines = await asyncio.gather(*(_look(hand, crew.label) for hand in crew.hands.values()))
        if not any(found.held for found in engines):
            servers = [one.server(crew.traffic.port) for found in engines for one in found.members]
            said += await crew.traffic.reconcile(servers, work.mutate, _busy(crew, work, engines))
    return tuple(said)


async def _look(hand: Hand, label: str) -> Found:
    rows, found = await asyncio.gather(hand.rows(label), marks(hand.engine))
    everyone = [listed(row) for row in rows]
    alone = frozenset(one.short_id for one in everyone if any(member_marks(one, found)))
    aside = tuple(one for one in everyone if parse(one.name) is not None and one.short_id not in alone)
    members = tuple(one for one in everyone if parse(one.name) is None)
    return Found(aside, members, any(engine_marks(found)), alone)


async def _release(hand: Hand, work: Upkeep, aside: Sequence[Container]) -> list[str]:
    """Remove what has been aside for its time. One that the engine started again by its restart policy is stopped."""
    said = []
    for one in aside:
        kept = parse(one.name)
        if kept is None or not (one.up or kept.until <= work.now):
            continue
        container = await hand.find(one.id)
        if container is not None and container.alive:
            await hand.stop(work.mutate, container)
            said.append(f"{one.name} was running in quarantine and was stopped")
        elif container is not None:
            await hand.remove(work.mutate, container)
            said.append(f"{kept.name} of {kept.replacement} has been in quarantine for its time and was removed")
    return said


def _busy(crew: Crew, work: Upkeep, engines: Sequence[Found]) -> frozenset[str]:
    """Whose place in the balancer is not decided here, but by a replacement under way or by a person's hold: ids of
    members, and names of servers."""
    found = {who for group in crew.hands for who in crew.ledger.leaving(group)} | {one.id for one in work.open}
    for engine in engines:
        found |= engine.left_alone
    for one in work.open:
        found |= on_the_way_out(one) | _in_question(one)
    return frozenset(found)


def _in_question(replacement: Replacement) -> set[str]:
    ours = {replacement.successor or "", replacement.predecessor}
    if replacement.undoing:
        return ours
    return {replacement.successor or ""} if replacement.phase not in PROVEN else set()
