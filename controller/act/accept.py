"""From a chosen candidate to the event that begins its replacement, with all that it was chosen for."""

from controller.decide.declared import declared
from controller.decide.explain import declared_facts, evidence_json, isoformat, request_json
from controller.decide.rules.capacity_floor import steadily_serving
from controller.decide.rules.max_in_flight import allowed_in_flight, replaced_by_platform
from controller.domain.lifecycle import Kind
from controller.domain.model import Instance, Snapshot
from controller.domain.policy import Mode, Policy
from controller.domain.ports import Budget
from controller.domain.replacement import Event
from controller.domain.request import STANDS_FOR, Request, RequestKind
from controller.domain.verdict import Candidate

DAEMON = "repave"
"""Who says so when no person does."""


def proposal(candidate: Candidate, snapshot: Snapshot, request_id: str) -> Request:
    """What a person is asked to approve."""
    return Request(
        id=request_id,
        fleet=snapshot.fleet,
        instance_id=candidate.instance.id,
        kind=RequestKind.PROPOSED,
        verdict=candidate.verdict.kind.value,
        causes=tuple(item.rule for item in candidate.verdict.findings),
        by=DAEMON,
        reason="",
        created_at=snapshot.now,
        expires_at=snapshot.now + STANDS_FOR,
    )


def approved(candidate: Candidate, policy: Policy) -> Request | None:
    """The request that its replacement comes from; a proposal made under mode ask counts under that mode only."""
    request = candidate.request
    return request if request is not None and (request.requested or policy.mode is Mode.ASK) else None


def acceptance(candidate: Candidate, snapshot: Snapshot, policy: Policy, replacement_id: str) -> Event:
    """The `accepted` event; see Event for its facts."""
    instance, verdict = candidate.instance, candidate.verdict
    request = approved(candidate, policy)
    found = tuple(item.rule for item in verdict.findings)
    group, launch = snapshot.inventory.group(instance.group), snapshot.inventory.launch_image(instance)
    facts = {
        "fleet": snapshot.fleet,
        "platform": policy.platform,
        "group": instance.group,
        "zone": instance.zone,
        "predecessor": instance.id,
        "causes": list(request.causes if request and request.requested else found),
        "verdict": verdict.kind.value,
        "urgent": verdict.urgent,
        "policy_hash": policy.hash,
        **declared_facts(snapshot.declared),
        "mode": policy.mode.value,
        "by": request.approved_by if request else DAEMON,
        "request": request_json(request, snapshot.now) if request else None,
        "evidence": [evidence_json(item) for item in verdict.evidence],
        "launch_image_id": launch.id if launch else None,
        "predecessor_facts": instance_facts(instance),
        "declared": declared(group, launch),
        "scope": dict(snapshot.inventory.scope),
        "serving": steadily_serving(snapshot, instance.group),
        "desired": group.desired if group else 0,
        "observe_started_at": isoformat(snapshot.observed_from or snapshot.now),
        "observe_ended_at": isoformat(snapshot.now),
        "judge_ended_at": isoformat(snapshot.now),
    }
    return Event(replacement_id, 0, snapshot.now, Kind.ACCEPTED, None, facts)


def instance_facts(instance: Instance) -> dict[str, object]:
    """What a trace says about an instance."""
    return {
        **instance.attributes,
        "zone": instance.zone,
        "image_id": instance.image.id,
        "image_created_at": isoformat(instance.image.created_at),
        "launched_at": isoformat(instance.launched_at),
    }


def budget(snapshot: Snapshot, policy: Policy) -> Budget:
    """What the accepting transaction checks again."""
    return Budget(
        max_in_flight=allowed_in_flight(snapshot, policy) - len(replaced_by_platform(snapshot)),
        replacements_per_hour=policy.limits.replacements_per_hour,
        replacements_per_hour_everywhere=policy.global_limits.replacements_per_hour,
        stop_after_failures=policy.global_limits.stop_after_failures,
        cooldown=policy.cooldown,
    )
