"""Drain: the predecessor out of the balancer, and its sessions ended. Without a balancer there is nothing to do."""

from controller.domain.lifecycle import Step
from controller.domain.ports import Done, Progress, Work
from controller.platforms.docker.crew import Crew, soon, superseded


async def drain(crew: Crew, work: Work) -> Progress:
    """Done when the balancer sends the predecessor nothing, and no session is left."""
    ours = work.replacement
    predecessor = await crew.predecessor(ours)
    if predecessor is None:
        return superseded(ours)
    short = await crew.may_leave(work, predecessor.short_id)
    if short is not None:
        return soon(work, short)
    waiting = await crew.traffic.leaving(crew.server(work, predecessor), work.mutate)
    if waiting is not None:
        return soon(work, waiting)
    begun = min((call.called_at for call in ours.calls if call.step is Step.DRAIN), default=work.now)
    return Done({"drained_seconds": (work.now - begun).total_seconds()})
