"""Await readiness: healthy by its own check, then known by its predecessor's aliases, then healthy in the balancer."""

from controller.domain.ports import Done, Progress, Refused, Work
from controller.platforms.docker.crew import Crew, soon, superseded
from controller.platforms.docker.declared_networks import endpoints
from controller.platforms.docker.facts import facts_of
from controller.platforms.docker.hand import START, Hand
from controller.platforms.docker.inspected import Inspected

MOST_RESTARTS = 3
"""A successor that its restart policy started this often does not stay up."""

STEADY_SECONDS = 1.0
"""For how long a successor that nothing else checks has to have run."""


async def await_ready(crew: Crew, work: Work) -> Progress:
    """Done when the successor serves."""
    ours, hand = work.replacement, crew.hand(work.replacement)
    predecessor, successor = await crew.predecessor(ours), await crew.successor(ours)
    if predecessor is None:
        return superseded(ours)
    if successor is None:
        return Refused(f"the successor {ours.successor} was removed without us", "successor_gone")
    if not successor.alive or successor.restarts >= MOST_RESTARTS:
        return await _ended(hand, successor)
    missing = _not_ready(crew, work, successor)
    if missing is not None:
        return soon(work, missing)
    if await _answer_to_aliases(hand, work, predecessor, successor):
        successor = await crew.successor(ours) or successor
    missing = await crew.traffic.missing(crew.server(work, successor), work.mutate)
    if missing is not None:
        return soon(work, missing)
    facts = facts_of(successor, await hand.image(successor.image_id))
    return Done({"successor_facts": {"zone": ours.zone, **facts}})


async def _ended(hand: Hand, successor: Inspected) -> Refused:
    """A successor that exits is no successor; its last words are in the reason."""
    line = await hand.last_line(successor)
    said = f"; its last line: {line}" if line else ""
    return Refused(f"the successor {successor.name} ended ({successor.ended}){said}", "successor_exited")


def _not_ready(crew: Crew, work: Work, successor: Inspected) -> str | None:
    """What is missing by the engine's own knowledge, or None."""
    if not successor.running:
        return f"{successor.name} is {successor.status}"
    if successor.healthy is False:
        return f"{successor.name} is {successor.document['State']['Health']['Status']}"
    if successor.healthy is None and crew.traffic.balancer is None:
        started = [call.called_at for call in work.replacement.calls_of(START) if call.outcome != "failed"]
        if started and (work.now - started[-1]).total_seconds() < STEADY_SECONDS:
            return f"{successor.name} has only just started, and nothing checks it"
    return None


async def _answer_to_aliases(hand: Hand, work: Work, predecessor: Inspected, successor: Inspected) -> bool:
    """Give a successor, which serves nobody yet, the aliases that its predecessor answers to. An alias belongs to an
    endpoint, so it leaves the network and joins it again; a crash in between is seen by its absence."""
    changed = False
    for network, endpoint in endpoints(predecessor.document).aliases.items():
        if successor.lacks(network, endpoint):
            if network in successor.networks:
                await hand.disconnect(work.mutate, successor, network)
            await hand.connect(work.mutate, successor, network, endpoint)
            changed = True
    return changed
