"""Terminate: the end of the predecessor, together with our surge of one."""

from controller.domain.ports import Done, Progress, Refused, Waiting, Work
from controller.platforms.asg.capacity import loss
from controller.platforms.asg.claims import TERMINATE, Evidence, surge_of
from controller.platforms.asg.facts import Facts
from controller.platforms.asg.gateway import Gateway
from controller.platforms.asg.group import GroupView
from controller.platforms.asg.launch import not_now, superseded
from controller.platforms.asg.vetoes import keeps


async def terminate(gateway: Gateway, facts: Facts, work: Work) -> Progress:
    """Done when the predecessor is terminating, from which nothing comes back, or gone, and the successor is a member
    like any other. Lifecycle hooks may keep it terminating for hours; that is not ours to wait for."""
    ours = work.replacement
    async with gateway.ledger.lock(ours.group):
        view = await gateway.group(ours.group)
        call = next(reversed(ours.calls_of(TERMINATE)), None)
        evidence = await gateway.ended(call, view)
        if evidence is Evidence.AMBIGUOUS:
            return Waiting(f"ambiguous: {ours.predecessor} is gone, and {view.name} desires {view.desired}")
        if evidence is Evidence.DID_NOT:
            return await _terminate(gateway, facts, work, view)
        if view.staying(ours.predecessor) is not None:
            return Waiting(f"{ours.predecessor} is about to leave {view.name}")
        await gateway.unprotect(work, view.staying(ours.successor), view.name)
    return Done()


async def _terminate(gateway: Gateway, facts: Facts, work: Work, view: GroupView) -> Progress:
    ours = work.replacement
    if view.staying(ours.predecessor) is None:
        return superseded(ours.predecessor, view)
    if view.desired <= view.minimum:
        reason = f"{view.name} needs all of its {view.desired} members now (MinSize {view.minimum})"
        return Refused(reason, "at_minimum")
    wait = not_now(gateway, work, view)
    if wait is not None:
        return wait
    surge = surge_of(ours)
    short = surge and loss(view, await gateway.serving(view), ours.predecessor, surge.serving)
    if short:
        return Waiting(short)
    lasting = await facts.lasting_volumes(ours.predecessor)
    if lasting:
        return Refused(keeps(ours.predecessor, lasting), "stateful", "aborted")
    await gateway.terminate(work, view, ours.predecessor)
    return Waiting(f"{ours.predecessor} terminates; {view.name} goes from {view.desired} to {view.desired - 1}")
