"""Terminate: the predecessor stopped, forgotten and removed (or kept aside), and its name given to the successor."""

from collections.abc import Mapping
from typing import Any

from controller.domain.errors import Gone, Permanent
from controller.domain.ports import Done, Progress, Refused, Server, Work
from controller.platforms.docker.crew import Crew, creation, ended_by_us, soon, superseded
from controller.platforms.docker.hand import Hand
from controller.platforms.docker.inspected import Inspected
from controller.platforms.docker.quarantine import name_aside, parse


async def terminate(crew: Crew, work: Work) -> Progress:
    """Done when the predecessor is gone, or kept aside, and the successor bears its name."""
    ours = work.replacement
    predecessor, successor = await crew.predecessor(ours), await crew.successor(ours)
    by_us = ended_by_us(ours)
    if predecessor is None and not by_us:
        return superseded(ours)
    if predecessor is not None and predecessor.alive and _stands(successor):
        short = await crew.may_leave(work, predecessor.short_id, again=crew.traffic.balancer is None)
        if short is not None:
            return soon(work, short)
        await crew.hand(ours).stop(work.mutate, predecessor)
        by_us = True  # and meanwhile either may have gone
        predecessor, successor = await crew.predecessor(ours), await crew.successor(ours)
    if successor is None or (not _stands(successor) and predecessor is not None and not aside(predecessor)):
        return Refused(f"the successor {ours.successor} does not run any more", "successor_lost")
    if predecessor is not None and predecessor.alive:
        return soon(work, f"{predecessor.name} has yet to end")
    return Done(await finish(crew, work, predecessor, successor, by_us=by_us))


async def finish(
    crew: Crew, work: Work, predecessor: Inspected | None, successor: Inspected, *, by_us: bool = True
) -> Mapping[str, Any]:
    """The rest of the way once the predecessor has ended: nothing leads back from there. What it came to.

    by_us: whether we stopped it; what it leaves to be seen was kept then.
    """
    ours, hand = work.replacement, crew.hand(work.replacement)
    was = _noted(work)
    if was is not None:
        await crew.traffic.forget(Server(ours.predecessor, was["server"], was["address"]), work.mutate)
    name, facts = was["name"] if was else "", dict[str, Any]()
    if predecessor is not None and not aside(predecessor):
        name = predecessor.name
        facts |= await _away(crew, work, predecessor, seen=not by_us)
    elif predecessor is not None:
        facts["quarantined_as"] = predecessor.name
    if name:
        facts |= await _named(hand, work, successor, name)
    return facts


def _stands(successor: Inspected | None) -> bool:
    return successor is not None and successor.running


def aside(container: Inspected) -> bool:
    """Whether it has been put aside already."""
    return parse(container.name) is not None


def _noted(work: Work) -> Mapping[str, str] | None:
    """What was noted of the predecessor when the successor was made: it may be gone by now."""
    call = creation(work.replacement)
    return call.arguments.get("predecessor") if call else None


async def _away(crew: Crew, work: Work, predecessor: Inspected, *, seen: bool) -> Mapping[str, Any]:
    """Remove it, or keep it aside for a time. seen: keep with the intent what it leaves to be seen."""
    hand = crew.hand(work.replacement)
    if not crew.quarantine_seconds:
        await hand.remove(work.mutate, predecessor, evidence=seen)
        return {}
    kept = name_aside(predecessor.name, work.replacement.id, work.now, crew.quarantine_seconds)
    await hand.rename(work.mutate, predecessor, kept)
    return {"quarantined_as": kept}


async def _named(hand: Hand, work: Work, successor: Inspected, name: str) -> Mapping[str, Any]:
    """Give the successor the name; whoever took it in between keeps it."""
    if successor.name == name:
        return {"name": name}
    try:
        await hand.rename(work.mutate, successor, name)
    except Permanent as error:
        if error.code != "conflict":
            raise
        holder = await hand.find(name)
        if holder is not None and holder.id != successor.id:
            kept = f"{name} is the name of {holder.short_id} now, which keeps it; the successor stays {successor.name}"
            return {"name": successor.name, "reason": kept}
    except Gone:
        return {"name": f"{successor.name} was removed before it could be named {name}"}
    return {"name": name}
