"""The way back: a drained predecessor serves again, our surge of one goes, and nothing that others moved is moved."""

from controller.domain.errors import Gone
from controller.domain.lifecycle import Outcome
from controller.domain.model import InstanceState
from controller.domain.ports import Done, Progress, Waiting, Work
from controller.domain.replacement import Call, Replacement
from controller.platforms.asg.capacity import loss
from controller.platforms.asg.claims import (
    SET,
    TERMINATE,
    Evidence,
    Surge,
    lowering_evidence,
    newcomers,
    surge_of,
    waiting_surges,
)
from controller.platforms.asg.gateway import Gateway
from controller.platforms.asg.group import GroupView, Member
from controller.platforms.asg.launch import ambiguous, not_now, weigh
from controller.platforms.asg.ledger import SETTLING
from controller.platforms.asg.restore import restore, was_restored

ENDED_WITH_PREDECESSOR = "ended with the predecessor"
"""What became of a surge when the way back came too late: the predecessor is gone, and its successor serves."""


async def undo(gateway: Gateway, work: Work) -> Progress:
    """One step back at a time, from wherever the replacement failed. Done facts: `surge` says what became of it,
    `drain_undone` whether the predecessor was registered again."""
    ours = work.replacement
    async with gateway.ledger.lock(ours.group):
        try:
            view = await gateway.group(ours.group)
        except Gone as gone:
            return Done({"surge": str(gone)})
        waiting = await restore(gateway, work, view)
        if waiting is not None:
            return waiting
        outcome = await _give_back(gateway, work, view)
    if isinstance(outcome, Waiting):
        return outcome
    facts = {"surge": outcome, "drain_undone": was_restored(ours)}
    return Done(facts, Outcome.REPLACED if outcome == ENDED_WITH_PREDECESSOR else "")


async def _give_back(gateway: Gateway, work: Work, view: GroupView) -> Waiting | str:
    """What became of the surge, in words, or what its return waits for."""
    ours, surge = work.replacement, surge_of(work.replacement)
    if surge is None:
        return "never asked for"
    told = await _told_by_calls(gateway, work, view)
    if told is not None:
        return told
    if surge.by_launch and not ours.successor:
        undecided = _undecided(gateway, work, view, surge)
        if undecided is not None:
            return undecided
    evidence = Evidence.HAPPENED if ours.successor else await weigh(gateway, work, view, surge)
    if evidence is Evidence.DID_NOT:
        return "never asked for"
    if evidence is Evidence.AMBIGUOUS:
        return Waiting(ambiguous(view, surge))
    excess = _excess(gateway, work, view, surge)
    if excess is not None:
        return await _remove(gateway, work, view, surge, excess)
    return await _lower(gateway, work, view)


def _undecided(gateway: Gateway, work: Work, view: GroupView, surge: Surge) -> Waiting | None:
    """Why it cannot be told what LaunchInstances did to the desired capacity, where that has not been seen to rise:
    ending the newcomer together with a place would then cost a place that is not ours."""
    if surge.raised(view):
        return None
    if work.now - surge.called_at < 2 * SETTLING:
        return Waiting(f"{view.name} may not show yet what was launched")
    perhaps = newcomers(view, surge.members, gateway.claimed(work, view))
    here = [member.id for member in perhaps if surge.newcomer in (None, member.id)]
    if not here:
        return None
    return Waiting(f"ambiguous: {', '.join(here)} was launched, and {view.name} desires {view.desired} as before")


async def _told_by_calls(gateway: Gateway, work: Work, view: GroupView) -> Waiting | str | None:
    """What the calls that end a surge say: the predecessor's termination, the newcomer's, or a lowering. None: none."""
    ours = work.replacement
    ended = _last(ours, TERMINATE)
    returned = _last(ours, TERMINATE, undoing=True)
    lowered = _last(ours, SET, undoing=True)
    with_predecessor = await gateway.ended(ended, view)
    if with_predecessor is Evidence.HAPPENED:
        await gateway.unprotect(work, view.staying(ours.successor), view.name)
        return ENDED_WITH_PREDECESSOR
    with_newcomer = await gateway.ended(returned, view)
    if with_newcomer is Evidence.HAPPENED and returned is not None:
        leaver = returned.arguments["instance"]
        return Waiting(f"{leaver} is about to leave {view.name}") if view.staying(leaver) else "given back"
    by_lowering = lowering_evidence(lowered, view)
    if by_lowering is Evidence.HAPPENED:
        return "given back"
    if Evidence.AMBIGUOUS in (with_predecessor, with_newcomer, by_lowering):
        return Waiting(f"ambiguous: a call of ours is in doubt, and {view.name} desires {view.desired}")
    return None


def _last(ours: Replacement, name: str, *, undoing: bool = False) -> Call | None:
    return next(reversed(ours.calls_of(name, undoing=undoing)), None)


def _excess(gateway: Gateway, work: Work, view: GroupView, surge: Surge) -> Member | None:
    """Who has to go for the surge to end; None when nobody came, so that lowering the wish is enough.

    The successor first. Without it, a newcomer that only we can claim: left behind, it would be nobody's. While the
    group still has somebody to launch, nobody has to go. Else whoever came, and serves least.
    """
    ours = work.replacement
    successor = view.staying(ours.successor or surge.newcomer)
    if successor is not None:
        return successor
    others = waiting_surges(work)
    found = newcomers(view, surge.members | {ours.successor or ""}, gateway.claimed(work, view))
    ours_alone = [member for member in found if others and all(member.id in other.members for other in others)]
    if not ours_alone and view.desired > view.counted:
        return None
    return min(ours_alone or found, key=lambda one: (one.in_service, one.zone == ours.zone, one.id), default=None)


async def _remove(gateway: Gateway, work: Work, view: GroupView, surge: Surge, excess: Member) -> Waiting | str:
    """Terminate the newcomer together with its place, when the fleet can do without it."""
    if view.desired <= view.minimum:
        await gateway.unprotect(work, excess, view.name)
        return f"kept: {view.name} needs all of its {view.desired} members now (MinSize {view.minimum})"
    if excess.state is InstanceState.STANDBY:
        return Waiting(f"somebody put {excess.id} aside ({excess.lifecycle})")
    wait = not_now(gateway, work, view)
    if wait is not None:
        return wait
    short = loss(view, await gateway.serving(view), excess.id, surge.serving)
    if short:
        return Waiting(short)
    await gateway.terminate(work, view, excess.id)
    return Waiting(f"{excess.id} terminates; {view.name} goes from {view.desired} to {view.desired - 1}")


async def _lower(gateway: Gateway, work: Work, view: GroupView) -> Waiting | str:
    """Nobody came. Take the wish back while the group has yet to fulfil it, so that no termination policy picks."""
    if view.desired <= view.counted:
        return f"taken by others: {view.name} desires {view.desired} and has {view.counted} members"
    if view.desired <= view.minimum:
        return f"kept: MinSize of {view.name} is {view.minimum}"
    wait = not_now(gateway, work, view)
    if wait is not None:
        return wait
    await gateway.set_desired(work, view, view.desired - 1)
    return "given back"
