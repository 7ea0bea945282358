"""The decision as JSON: the fleet's part of `repave plan --json`, and the evidence that goes into traces."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from controller.decide.guards import guards_of
from controller.decide.notes import notes_of
from controller.decide.outlook import outlook
from controller.decide.proposals import AWAITING, asked_about
from controller.decide.standing import breakers_json, budgets_json
from controller.domain.model import Coverage, Declared, Instance, Snapshot
from controller.domain.policy import Policy
from controller.domain.ports import RefusalRecord
from controller.domain.replacement import Replacement
from controller.domain.request import Request
from controller.domain.verdict import Evidence, Judgement, Pending, Plan, Refusal, Verdict, VerdictKind
from controller.domain.veto import Veto


def explain(snapshot: Snapshot, judgement: Judgement, plan: Plan, policy: Policy) -> dict[str, Any]:
    """One fleet: every instance with its verdict, its evidence, the decision and every veto. JSON values only."""
    fleet_veto = plan.fleet_veto
    refused = {held.candidate.instance.id: held for held in plan.holds}
    under_way = {item.replacement_id: item for item in plan.pending}
    return {
        "name": snapshot.fleet,
        "platform": policy.platform,
        "mode": policy.mode.value,
        "policy_hash": policy.hash,
        "observed_at": isoformat(snapshot.now),
        "next_look_at": isoformat(plan.next_look_at),
        "settled": plan.settled,
        "gaps": list(snapshot.inventory.gaps),
        "coverage": [coverage_json(item) for item in snapshot.coverage],
        "hold": {"rule": fleet_veto.rule, "reason": fleet_veto.reason} if fleet_veto else None,
        "budgets": budgets_json(snapshot, policy),
        "breakers": breakers_json(snapshot),
        "guards": [evidence_json(item) for item in guards_of(snapshot, policy)],
        "notes": list(notes_of(snapshot, policy)),
        "groups": [
            {"name": group.name, "desired": group.desired, "minimum": group.minimum, "maximum": group.maximum}
            for group in snapshot.inventory.groups
        ],
        "instances": [
            _instance(member, snapshot, judgement.verdicts[member.id], plan, refused.get(member.id), under_way)
            for member in sorted(snapshot.inventory.instances, key=lambda item: (item.group, item.zone, item.id))
        ],
    }


def _instance(
    instance: Instance,
    snapshot: Snapshot,
    verdict: Verdict,
    plan: Plan,
    refusal: Refusal | None,
    under_way: Mapping[str, Pending],
) -> dict[str, Any]:
    ours = next((item.id for item in snapshot.open_replacements if _involves(item, instance)), None)
    waits = under_way.get(ours or "")
    vetoes = refusal.vetoes if refusal else waits.vetoes if waits and waits.predecessor == instance.id else ()
    decision = _decision(instance, snapshot, plan, refusal)
    return {
        "id": instance.id,
        "name": instance.name,
        "names": list(instance.names),
        "group": instance.group,
        "zone": instance.zone,
        "state": instance.state.value,
        "serving": instance.serving,
        "age_seconds": _age(instance.launched_at, snapshot.now),
        "image": {
            "id": instance.image.id,
            "created_at": isoformat(instance.image.created_at),
            "age_seconds": _age(instance.image.created_at, snapshot.now),
        },
        "verdict": verdict.kind.value,
        "findings": _findings(verdict.kind, verdict.findings),
        "evidence": [evidence_json(item) for item in verdict.evidence],
        "decision": decision,
        "replacement": ours,
        "request": _request(instance, snapshot),
        "vetoes": [veto_json(veto) for veto in vetoes],
        "waits": {"for": waits.sentence, "ends_at": isoformat(waits.ends_at)} if waits else None,
        "next": outlook(verdict.kind, vetoes, decision == "replace", waits, snapshot.now),
    }


def coverage_json(item: Coverage) -> dict[str, Any]:
    """How far one rule's source knows the fleet, as in `plan --json`."""
    return {
        "rule": item.rule,
        "source": item.source,
        "resolved": item.resolved,
        "of": item.of,
        "unmatched": list(item.unmatched),
        "unmatched_count": item.unmatched_count,
    }


def _request(instance: Instance, snapshot: Snapshot) -> dict[str, Any] | None:
    found = snapshot.request(instance.id)
    return request_json(found, snapshot.now) if found else None


def _involves(replacement: Replacement, instance: Instance) -> bool:
    return instance.id in (replacement.predecessor, replacement.successor)


def _findings(kind: VerdictKind, findings: tuple[Evidence, ...]) -> list[str]:
    causes = sorted({item.cause.value for item in findings})
    return causes if causes or kind is not VerdictKind.BLIND else [VerdictKind.BLIND.value]


def _decision(instance: Instance, snapshot: Snapshot, plan: Plan, refusal: Refusal | None) -> str:
    starting = any(chosen.instance.id == instance.id for chosen in plan.starts)
    if starting or any(item.predecessor == instance.id for item in snapshot.open_replacements):
        return "replace"
    return "hold" if refusal else "keep"


def evidence_json(item: Evidence) -> dict[str, Any]:
    """One condition's reading, as in `plan --json`."""
    return {
        "rule": item.rule,
        "probe": item.probe,
        "cause": item.cause.value,
        "value": item.value,
        "unit": item.unit,
        "threshold": item.threshold,
        "for_seconds": item.for_seconds,
        "breached_for_seconds": item.breached_for_seconds,
        "query": item.query,
        "measured_at": isoformat(item.measured_at),
        "outcome": item.outcome.value,
        "reason": item.reason,
        "found": item.found,
        "samples": list(item.samples),
    }


def veto_json(veto: Veto) -> dict[str, Any]:
    """One veto, as in `plan --json`."""
    return {
        "rule": veto.rule,
        "reason": veto.reason,
        "needs": veto.needs.value,
        "clears_at": isoformat(veto.clears_at),
    }


def request_json(item: Request, now: datetime) -> dict[str, Any]:
    """What was proposed or asked for, and where it stands. It has the id of its replacement to be."""
    return {
        "id": item.id,
        "fleet": item.fleet,
        "instance": item.instance_id,
        "kind": item.kind.value,
        "state": item.state(now).value,
        "verdict": item.verdict,
        "causes": list(item.causes),
        "by": item.by,
        "reason": item.reason,
        "created_at": isoformat(item.created_at),
        "expires_at": isoformat(item.expires_at),
        "approved_by": item.approved_by,
        "approved_at": isoformat(item.approved_at),
        "ended_at": isoformat(item.ended_at),
        "closing": item.closing,
    }


def isoformat(at: datetime | None) -> str | None:
    """A time as ISO 8601 in UTC with a Z, or None."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def declared_facts(declared: Declared) -> dict[str, str]:
    """The configuration in force, as facts of what was decided under it; nothing of what is not known."""
    told = {"config_hash": declared.hash, "config_version": declared.version}
    return {name: text for name, text in told.items() if text}


def _age(since: datetime | None, now: datetime) -> float | None:
    return round((now - since).total_seconds(), 3) if since else None


def sentence_of(
    snapshot: Snapshot, judgement: Judgement, decided: Plan, accepted: Sequence[Replacement], waiting: Mapping[str, str]
) -> str:
    """Such as `8 instances: 1 degraded, 7 healthy; replacing i-1 (r-9: target_health); holding i-2 (protected)`."""
    counts: dict[str, int] = {}
    for verdict in judgement.verdicts.values():
        counts[verdict.kind.value] = counts.get(verdict.kind.value, 0) + 1
    told = [
        f"{len(judgement.verdicts)} instances: "
        + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    ]
    told += [f"replacing {item.predecessor} ({item.id}: {', '.join(item.causes)})" for item in accepted]
    for item in snapshot.open_replacements:
        why = f", {waiting[item.id]}" if waiting.get(item.id) else ""
        told.append(f"{item.id} {item.phase}{why}")
    asked = [held.candidate.request for held in decided.holds if held.candidate.request and _only_asked(held)]
    told += [asked_about(asked)] if asked else []
    for held in decided.holds:
        if held.candidate.request and _only_asked(held):
            continue
        rules = ", ".join(dict.fromkeys(veto.rule for veto in held.vetoes))
        told.append(f"holding {held.candidate.instance.id} ({rules})")
    return "; ".join(told)


def watching_only(since: datetime, reason: str, seen: str) -> str:
    """What a look without the journal says before what it saw."""
    return f"watching only, the journal is not there since {isoformat(since)}: {reason.rstrip('.')}; {seen}"


def _only_asked(held: Refusal) -> bool:
    """Whether nothing but a person's yes is missing."""
    return {veto.rule for veto in held.vetoes} == {AWAITING}


def refusals(snapshot: Snapshot, decided: Plan, report: Mapping[str, Any]) -> dict[str, RefusalRecord]:
    """Who waits and why, ready for the journal; `report` is what `explain` made of the same plan."""
    instances = {item["id"]: item for item in report["instances"]}
    looked = {
        **declared_facts(snapshot.declared),
        "scope": dict(snapshot.inventory.scope),
        "observe_started_at": isoformat(snapshot.observed_from or snapshot.now),
    }
    records = {}
    for held in decided.holds:
        instance_id = held.candidate.instance.id
        facts = {**instances[instance_id], **looked, "vetoes": [veto_json(veto) for veto in held.vetoes]}
        known = {name: text for name, text in held.candidate.instance.attributes.items() if "." in name}
        if known:  # what it is by standard names; the rest of its attributes is for rules
            facts["predecessor_facts"] = known
        rules = tuple(sorted({veto.rule for veto in held.vetoes}))
        records[instance_id] = RefusalRecord(instance_id, rules, facts)
    return records
