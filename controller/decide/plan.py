"""Verdicts -> what to start now, what waits and why, and when to look again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from controller.decide.rule import RuleSpec
from controller.decide.runs import POINTS_NEEDED
from controller.decide.waits import pending
from controller.domain.memory import Streak
from controller.domain.model import Signal, Snapshot, Unknown
from controller.domain.policy import Policy
from controller.domain.verdict import (
    SEVERITY,
    Candidate,
    Draft,
    Evidence,
    EvidenceOutcome,
    Judgement,
    Plan,
    Refusal,
    VerdictKind,
)
from controller.domain.veto import Needs, Veto

ABOUT_THE_VERDICT = frozenset({"blind", "no_fresher_image", "warming_up", "window"})
"""Rules that a candidate which a person asked for by name is not held by."""

SETTLING = timedelta(minutes=10)
"""What clears within this time is worth waiting for; beyond it a fleet counts as settled."""

SOONEST = timedelta(seconds=1)
"""The least distance between two looks."""


def plan(snapshot: Snapshot, judgement: Judgement, policy: Policy, rules: Sequence[RuleSpec]) -> Plan:
    """Every rule is asked about every candidate, worst and oldest first; who has no veto starts."""
    fleet_vetoes = [
        veto for rule in rules if rule.check_fleet and (veto := rule.check_fleet(snapshot, judgement, policy))
    ]
    draft, holds = Draft(), []
    for candidate in _candidates(snapshot, judgement):
        asked = [rule.check for rule in rules if rule.check and not _waived(rule, candidate)]
        vetoes = [veto for check in asked if (veto := check(candidate, draft, snapshot, policy))]
        vetoes = fleet_vetoes + vetoes
        if vetoes or (candidate.verdict.kind is VerdictKind.BLIND and not candidate.requested):
            holds.append(Refusal(candidate, tuple(vetoes)))
        else:
            draft = Draft((*draft.starts, candidate))
    waiting = [veto for held in holds for veto in held.vetoes]
    return Plan(
        starts=draft.starts,
        holds=tuple(holds),
        next_look_at=_next_look(snapshot, judgement, policy, waiting),
        settled=_settled(snapshot, judgement, policy, draft, holds),
        fleet_veto=fleet_vetoes[0] if fleet_vetoes else None,
        pending=tuple(pending(item, snapshot, judgement, policy, rules) for item in snapshot.open_replacements),
    )


def _waived(rule: RuleSpec, candidate: Candidate) -> bool:
    """Who asks by name needs no verdict, and no rule that is about the verdict's worth."""
    return candidate.requested and rule.name in ABOUT_THE_VERDICT


def _candidates(snapshot: Snapshot, judgement: Judgement) -> list[Candidate]:
    """Urgent first, then what a person asked for, then by severity, then the oldest image and the oldest instance; ids
    break ties."""
    involved = {replacement.predecessor for replacement in snapshot.open_replacements}
    involved |= {replacement.successor for replacement in snapshot.open_replacements if replacement.successor}
    found = [
        Candidate(instance, judgement.verdicts[instance.id], snapshot.request(instance.id))
        for instance in snapshot.inventory.instances
        if instance.id not in involved and not instance.leaving
    ]
    found = [item for item in found if item.requested or item.verdict.kind is not VerdictKind.HEALTHY]
    return sorted(found, key=lambda candidate: _rank(candidate, snapshot.now))


def _rank(candidate: Candidate, now: datetime) -> tuple[bool, bool, int, datetime, datetime, str]:
    instance, verdict = candidate.instance, candidate.verdict
    image_at, severity = instance.image.created_at or now, SEVERITY.index(verdict.kind)
    return (
        not verdict.urgent,
        not candidate.requested,
        severity,
        image_at,
        instance.launched_at or now,
        instance.id,
    )


def _next_look(snapshot: Snapshot, judgement: Judgement, policy: Policy, waiting: Sequence[Veto]) -> datetime:
    times = [snapshot.now + timedelta(seconds=policy.tick_seconds)]
    times += [veto.clears_at for veto in waiting if veto.clears_at is not None]
    times += _ripening(snapshot, judgement, policy)
    return max(min(times), snapshot.now + SOONEST)


def _ripening(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> list[datetime]:
    """When breaches that have not lasted long enough yet would become findings, and silences blindness."""
    times = []
    for verdict in judgement.verdicts.values():
        for item in verdict.evidence:
            streak = judgement.memory.streaks.get((verdict.instance_id, item.rule))
            breached = item.outcome is EvidenceOutcome.BREACHED
            if streak is None or item.found or (verdict.kind is not VerdictKind.HEALTHY and not breached):
                continue
            if breached:
                signal = snapshot.signals.get((verdict.instance_id, item.rule))
                times.append(_found_at(snapshot.now, item, streak, _step(signal, policy)))
            else:
                missing = timedelta(seconds=policy.blind_after_seconds) - (streak.last_at - streak.since)
                # A silence that has lasted is excused by a warm-up: that ends by itself.
                times.append(snapshot.now + (missing if missing > timedelta(0) else _step(None, policy)))
    return times


def _step(signal: Signal | Unknown | None, policy: Policy) -> timedelta:
    """The least time between two new readings."""
    period_seconds = signal.period_seconds if isinstance(signal, Signal) else 0.0
    return timedelta(seconds=max(policy.tick_seconds, period_seconds))


def _found_at(now: datetime, item: Evidence, streak: Streak, step: timedelta) -> datetime:
    """When a breach will have lasted its `for`, if readings go on to come as late as they come now. A run without
    points has not begun: it waits for a warm-up to end."""
    begins_at = now if streak.points else max(now, streak.since)
    missing = timedelta(seconds=item.for_seconds) - (streak.last_at - streak.since)
    points_missing = max(0, POINTS_NEEDED - streak.points) if item.for_seconds else 0
    if missing <= timedelta(0) and begins_at == now:
        # It waits for something else than time: for points, or for a source that is late.
        points_missing = max(points_missing, 1)
    return begins_at + max(missing, step * points_missing)


def _settled(snapshot: Snapshot, judgement: Judgement, policy: Policy, draft: Draft, holds: Sequence[Refusal]) -> bool:
    if draft.starts or snapshot.open_replacements:
        return False
    soon = snapshot.now + SETTLING
    if any(when <= soon for when in _ripening(snapshot, judgement, policy)):
        return False
    return all(any(_waits_long(veto, soon) for veto in held.vetoes) for held in holds)


def _waits_long(veto: Veto, soon: datetime) -> bool:
    if veto.clears_at is not None:
        return veto.clears_at > soon
    return veto.needs in (Needs.PERSON, Needs.WORLD)
