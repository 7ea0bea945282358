"""Await readiness: the newcomer protected while unproven, in service, and healthy everywhere."""

from controller.domain.errors import Gone, Permanent
from controller.domain.ports import Adopted, Done, Progress, Refused, Waiting, Work
from controller.domain.replacement import Replacement
from controller.platforms.asg.capacity import misplaced
from controller.platforms.asg.claims import PROTECT, surge_of
from controller.platforms.asg.facts import Facts
from controller.platforms.asg.gateway import Gateway, Health, is_healthy
from controller.platforms.asg.group import GroupView, Member
from controller.platforms.asg.launch import expecting, pick, successor_facts, superseded


async def await_ready(gateway: Gateway, facts: Facts, work: Work) -> Progress | Adopted:
    """Done when the successor is in service and healthy for its group and in every target group."""
    ours = work.replacement
    async with gateway.ledger.lock(ours.group):
        view = await gateway.group(ours.group)
        if view.staying(ours.predecessor) is None:
            return superseded(ours.predecessor, view)
        newcomer = view.staying(ours.successor)
        if newcomer is None:
            return await _adopt(gateway, facts, work, view)
    if newcomer.lifecycle != "InService":
        return Waiting(f"{newcomer.id} is {newcomer.lifecycle}")
    if not newcomer.protected and not _was_protected(ours, newcomer.id):
        try:
            await gateway.protect(work, view.name, newcomer.id, protected=True)
        except (Gone, Permanent) as error:  # it left service in this moment: the next look sees how it went on
            return Waiting(str(error))
    missing = _not_ready(view, newcomer, await gateway.health(view))
    if missing is not None:
        return Waiting(missing)
    return Done({"successor_facts": await successor_facts(facts, newcomer)})


async def _adopt(gateway: Gateway, facts: Facts, work: Work, view: GroupView) -> Progress | Adopted:
    """Our newcomer is gone. Its group brings up another by itself, and that one is ours from now on; we launch none."""
    ours, surge = work.replacement, surge_of(work.replacement)
    if surge is None:
        return Refused(f"{ours.successor} is gone", "newcomer_gone")
    known = surge.members | {ours.successor or ""}
    found = pick(gateway, work, view, known)
    if found is None and view.desired > view.counted:
        return Waiting(f"{ours.successor} is gone; {await expecting(gateway, view, surge)}")
    if found is None:
        return Refused(f"{ours.successor} is gone, and {view.name} wants no other in its place", "newcomer_gone")
    problem = misplaced(view, ours, found, work.others)
    if problem is not None:
        return Refused(problem, "zone", "aborted")
    gateway.ledger.claim(view.name, found.id, ours.id)
    return Adopted(found.id, {"successor_facts": await successor_facts(facts, found), "instead_of": ours.successor})


def _was_protected(ours: Replacement, instance_id: str) -> bool:
    """Whether AWS confirmed it already: then somebody took the protection back, or this read is an old one."""
    calls = (call for call in ours.calls_of(PROTECT) if call.arguments["instance"] == instance_id)
    return any(call.outcome == "ok" for call in calls)


def _not_ready(view: GroupView, newcomer: Member, health: Health) -> str | None:
    """What is still missing, or None."""
    if not newcomer.healthy:
        return f"{view.name} calls {newcomer.id} unhealthy"
    for arn in view.target_groups:
        if not is_healthy(health[arn], newcomer.id):
            target = health[arn].get(newcomer.id)
            said = f"{target.state} {target.reason}".strip() if target else "not registered yet"
            return f"{newcomer.id} is not healthy in {name_of(arn)}: {said}"
    return None


def name_of(target_group: str) -> str:
    """The name in a target group's ARN (arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID)."""
    parts = target_group.split("/")
    return parts[1] if len(parts) == 3 else target_group
