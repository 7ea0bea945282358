"""The way back: a drained predecessor serves again, and the successor goes. Once the predecessor was stopped there is
no way back to it: then the rest of the way is gone instead, because what serves is the successor."""

from datetime import timedelta

from controller.domain.lifecycle import Outcome, Step
from controller.domain.ports import Done, Progress, Work
from controller.platforms.docker.crew import Crew, creation, ended_by_us, soon
from controller.platforms.docker.hand import SLACK_SECONDS, STOP
from controller.platforms.docker.inspected import Inspected
from controller.platforms.docker.terminate import finish

SETTLING = timedelta(seconds=5)
"""For how long after it was cut short a create may still take effect."""

MOST_REFUSALS = 3
"""A balancer that refuses the predecessor this often does not keep the successor outstanding."""


async def undo(crew: Crew, work: Work) -> Progress:
    """One step back at a time. Done facts: `surge` says what became of the successor, `drain_undone` whether the
    predecessor went back into its balancer."""
    ours = work.replacement
    predecessor, successor = await crew.predecessor(ours), await crew.successor(ours)
    if ended_by_us(ours) and (predecessor is None or not predecessor.alive):
        if successor is not None and successor.running:
            kept, came_to = "kept: its predecessor has ended", await finish(crew, work, predecessor, successor)
            facts = {"surge": kept, "reason": f"{successor.name} was {kept}", **came_to}
            return Done(facts, Outcome.REPLACED)
    elif predecessor is not None and predecessor.alive:
        waiting = _ending(work, predecessor) or await _restore(crew, work, predecessor)
        if waiting is not None:
            return soon(work, waiting)
        crew.ledger.unmark(ours.group, ours.predecessor)
    return await _remove(crew, work, successor)


def _ending(work: Work, predecessor: Inspected) -> str | None:
    """A stop that was cut short may still be under way: the engine goes on with it."""
    seconds = timedelta(seconds=predecessor.stop_seconds + SLACK_SECONDS)
    stops = [call for call in work.replacement.calls_of(STOP) if call.in_doubt and work.now - call.called_at < seconds]
    return f"{predecessor.name} may still be ending" if stops else None


async def _restore(crew: Crew, work: Work, predecessor: Inspected) -> str | None:
    """Put a predecessor back that we drained; what is still missing, or None."""
    ours = work.replacement
    refusals = [call for call in ours.calls if call.outcome == "failed" and _of_a_balancer(call.name)]
    refused = sum(call.step is None for call in refusals)
    if not _was_drained(work) or refused >= MOST_REFUSALS:
        return None
    return await crew.traffic.put_back(crew.server(work, predecessor), work.mutate)


def _was_drained(work: Work) -> bool:
    return any(call.step is Step.DRAIN and call.outcome != "failed" for call in work.replacement.calls)


def _of_a_balancer(call: str) -> bool:
    return not call.startswith("docker.Container")


async def _remove(crew: Crew, work: Work, successor: Inspected | None) -> Progress:
    """Take the successor out of service and remove it, when the fleet can do without it."""
    ours, hand = work.replacement, crew.hand(work.replacement)
    restored = _was_drained(work) and crew.traffic.balancer is not None
    if successor is None:
        made = creation(ours)
        if made is not None and made.in_doubt and work.now - made.called_at < SETTLING:
            return soon(work, f"{ours.id} may still be created")
        return Done({"surge": "never there" if made is None else "gone", "drain_undone": restored})
    server = crew.server(work, successor)
    if successor.alive:
        short = await crew.may_leave(work, successor.short_id)
        waiting = short or await crew.traffic.leaving(server, work.mutate)
        if waiting is not None:
            return soon(work, waiting)
        await hand.stop(work.mutate, successor)
    await crew.traffic.forget(server, work.mutate)
    await hand.remove(work.mutate, successor)
    return Done({"surge": "given back", "drain_undone": restored})
