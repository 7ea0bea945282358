"""From a chosen candidate to the event that begins its replacement, with all that it was chosen for."""

from controller.decide.declared import declared
from controller.decide.explain import evidence_json, isoformat
from controller.decide.looks import steadily_serving
from controller.decide.rules.max_in_flight import allowed_in_flight
from controller.domain.lifecycle import Kind
from controller.domain.model import Instance, Snapshot
from controller.domain.policy import Policy
from controller.domain.ports import Budget
from controller.domain.replacement import Event
from controller.domain.verdict import Candidate


def acceptance(candidate: Candidate, snapshot: Snapshot, policy: Policy, replacement_id: str) -> Event:
    """The `accepted` event; see Event for its facts."""
    instance, verdict = candidate.instance, candidate.verdict
    group = snapshot.inventory.group(instance.group)
    facts = {
        "fleet": snapshot.fleet,
        "platform": policy.platform,
        "group": instance.group,
        "zone": instance.zone,
        "predecessor": instance.id,
        "causes": [item.rule for item in verdict.findings],
        "verdict": verdict.kind.value,
        "urgent": verdict.urgent,
        "policy_hash": policy.hash,
        "mode": policy.mode.value,
        "evidence": [evidence_json(item) for item in verdict.evidence],
        "launch_image_id": group.launch_image.id if group and group.launch_image else None,
        "predecessor_facts": instance_facts(instance),
        "declared": declared(group),
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
        max_in_flight=allowed_in_flight(snapshot, policy),
        replacements_per_hour=policy.limits.replacements_per_hour,
        replacements_per_hour_everywhere=policy.global_limits.replacements_per_hour,
        stop_after_failures=policy.global_limits.stop_after_failures,
        cooldown=policy.cooldown,
    )
