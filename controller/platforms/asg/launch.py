"""Launch: desired + 1, and finding the newcomer that it brought."""

from collections.abc import Collection
from typing import Any

from controller.domain.ports import Done, Progress, Refused, Waiting, Work
from controller.platforms.asg.audit import complaint, surge_by
from controller.platforms.asg.capacity import misplaced
from controller.platforms.asg.claims import (
    Evidence,
    Surge,
    choose,
    in_doubt_elsewhere,
    newcomers,
    surge_evidence,
    surge_of,
    surplus,
    waiting_surges,
)
from controller.platforms.asg.facts import Facts
from controller.platforms.asg.gateway import Gateway
from controller.platforms.asg.group import GroupView, Member
from controller.platforms.asg.ledger import SETTLING


async def launch(gateway: Gateway, facts: Facts, work: Work) -> Progress:
    """Done names the newcomer as soon as the group lists it, pending or not."""
    async with gateway.ledger.lock(work.replacement.group):
        view = await gateway.group(work.replacement.group)
        surge = surge_of(work.replacement)
        evidence = Evidence.DID_NOT if surge is None else await weigh(gateway, work, view, surge)
        if surge is None or evidence is Evidence.DID_NOT:
            return await _surge(gateway, work, view)
        if evidence is Evidence.AMBIGUOUS:
            return Waiting(ambiguous(view, surge))
        newcomer = pick(gateway, work, view, surge.members)
        if newcomer is None and _taken(view, surge, work):
            return Refused(f"others took the surge back: {_numbers(view)}", "newcomer_gone")
        if newcomer is None:
            return Waiting(await expecting(gateway, view, surge))
        gateway.ledger.claim(view.name, newcomer.id, work.replacement.id)
    problem = misplaced(view, work.replacement, newcomer, work.others)
    if problem is not None:
        return Refused(problem, "zone", "aborted")
    return Done({"successor": newcomer.id, "successor_facts": await successor_facts(facts, newcomer)})


async def _surge(gateway: Gateway, work: Work, view: GroupView) -> Progress:
    """Ask for one more, from a read that is fresh and a journal in which nobody's change is in doubt."""
    refused = await not_yet(gateway, work, view)
    if refused is not None:
        return refused
    await gateway.set_desired(work, view, view.desired + 1, **await intent_of(gateway, work, view))
    return Waiting(f"{view.name} goes from {view.desired} to {view.desired + 1}; waiting for the newcomer")


async def not_yet(gateway: Gateway, work: Work, view: GroupView) -> Progress | None:
    """Why one more must not be asked for now, or at all; None when it may."""
    ours = work.replacement
    if view.staying(ours.predecessor) is None:
        return superseded(ours.predecessor, view)
    if view.desired >= view.maximum:
        reason = f"{view.name} desires {view.desired} of at most {view.maximum}; raise MaxSize by one"
        return Refused(reason, "no_capacity")
    return not_now(gateway, work, view) or await _scaling(gateway, work, view)


async def intent_of(gateway: Gateway, work: Work, view: GroupView) -> dict[str, Any]:
    """What recovery has to know of the moment before one more was asked for."""
    serving = await gateway.serving(view) - {other.successor for other in work.others}
    members = sorted(member.id for member in view.members)
    return {"members": members, "zone": work.replacement.zone, "serving": len(serving)}


async def _scaling(gateway: Gateway, work: Work, view: GroupView) -> Waiting | None:
    """Why the group has to catch up with its present wish first: what it has yet to terminate would make up for our
    newcomer, and what it has yet to launch would be mistaken for it."""
    if view.counted == view.desired:
        return None
    failed = complaint(await gateway.activities(view.name, work.replacement.accepted_at))
    return Waiting(f"{_numbers(view)}; it has to catch up first. {failed}".rstrip(" ."))


def _taken(view: GroupView, surge: Surge, work: Work) -> bool:
    """Whether nobody will come any more: the group has all that it wants, and not because a read is old."""
    return surge.certain and view.desired <= view.counted and work.now - surge.called_at >= 2 * SETTLING


async def weigh(gateway: Gateway, work: Work, view: GroupView, surge: Surge) -> Evidence:
    """Whether our desired + 1 took effect, by what the group shows now and by what it wrote down."""
    unclaimed = surplus(view, surge, waiting_surges(work), gateway.claimed(work, view))
    by_numbers = surge_evidence(surge, view, unclaimed)
    if surge.certain or by_numbers is Evidence.DID_NOT:
        return by_numbers
    written = surge_by(await gateway.activities(view.name, surge.called_at), surge)
    return by_numbers if written is Evidence.AMBIGUOUS else written


def pick(gateway: Gateway, work: Work, view: GroupView, known: Collection[str]) -> Member | None:
    """Our newcomer among those that are not `known`, or None while there is none."""
    found = newcomers(view, known, gateway.claimed(work, view))
    return choose(found, waiting_surges(work), work.replacement.zone)


def not_now(gateway: Gateway, work: Work, view: GroupView) -> Waiting | None:
    """Why the group's capacity must not be changed on what we know now, or None."""
    other = in_doubt_elsewhere(work, view)
    if other is not None:
        return Waiting(f"whether {other} changed the capacity of {view.name} has to be found out first")
    unsettled = gateway.ledger.unsettled(view, work.now)
    return Waiting(unsettled) if unsettled else None


def ambiguous(view: GroupView, surge: Surge) -> str:
    """What a person is told when the evidence can be read in two ways."""
    step = f"our step from {surge.was} to {surge.was + 1}"
    return f"ambiguous: nobody knows whether {step} took effect; {_numbers(view)}"


def superseded(predecessor: str, view: GroupView) -> Refused:
    """The predecessor is gone or going, and not by our hand."""
    return Refused(f"{predecessor} left {view.name} without us", "predecessor_gone", "superseded")


async def expecting(gateway: Gateway, view: GroupView, surge: Surge) -> str:
    """What we wait for while no newcomer is there, with the group's own complaint if it fails to launch one."""
    failed = complaint(await gateway.activities(view.name, surge.called_at))
    here = f"{_numbers(view)}; no newcomer yet"
    return f"{here}. {failed}" if failed else here


def _numbers(view: GroupView) -> str:
    return f"{view.name} desires {view.desired} and has {view.counted} members"


async def successor_facts(facts: Facts, newcomer: Member) -> dict[str, Any]:
    """What the trace says of a newcomer. EC2 may not know its image in the first seconds: then those are None."""
    known = await facts.of(newcomer)
    created_at = known.image.created_at
    return {
        "zone": newcomer.zone,
        "instance_type": newcomer.instance_type,
        "launch_template_version": newcomer.template.version if newcomer.template else None,
        "image_id": known.image.id or None,
        "image_created_at": created_at.isoformat() if created_at else None,
    }
