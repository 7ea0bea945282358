"""Snapshot -> a verdict for every instance, with the evidence, and what the next tick has to remember."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from controller.decide.lasting import recalled, to_remember, with_recalled, words
from controller.decide.runs import Run, long_enough, run_of
from controller.domain.memory import Memory, Streak, StreakKind
from controller.domain.model import Instance, InstanceState, Signal, Snapshot, Unknown
from controller.domain.policy import Condition, Policy
from controller.domain.verdict import SEVERITY, Evidence, EvidenceOutcome, Judgement, Verdict, VerdictKind


def judge(snapshot: Snapshot, policy: Policy) -> Judgement:
    """Every member's verdict: the worst of its findings, else blind, else healthy.

    A breach of a lasting condition that was seen before stands, whatever is read now.
    """
    present, recall = snapshot, recalled(snapshot, policy)
    snapshot = with_recalled(snapshot, recall)
    streaks: dict[tuple[str, str], Streak] = {}
    verdicts: dict[str, Verdict] = {}
    for instance in snapshot.inventory.instances:
        evidence, runs = [], []
        for condition in policy.conditions:
            run = run_of(snapshot, policy, instance, condition)
            if run.streak is not None:
                streaks[(instance.id, condition.name)] = run.streak
                runs.append(run.streak)
            item = evidence_of(snapshot.signal(instance.id, condition.name), condition, run)
            seen = recall.get((instance.id, condition.name))
            evidence.append(replace(item, reason=words(seen, present, instance.id, condition.name)) if seen else item)
        blind = _blind(snapshot, policy, instance, runs)
        verdicts[instance.id] = Verdict(instance.id, _kind(tuple(evidence), blind), tuple(evidence))
    return Judgement(
        verdicts,
        Memory(
            streaks,
            snapshot.now,
            _desired_before_trouble(snapshot, verdicts),
            _fine_since(snapshot, policy, verdicts),
            to_remember(snapshot, policy),
        ),
    )


def warming_up(instance: Instance, snapshot: Snapshot, policy: Policy) -> bool:
    """Whether it was launched so recently that silence from it means nothing yet."""
    if instance.launched_at is None:
        return False
    return snapshot.now - instance.launched_at < timedelta(seconds=policy.warm_up_seconds)


def evidence_of(signal: Signal | Unknown, condition: Condition, run: Run) -> Evidence:
    """A reading against its threshold, with the run that it belongs to."""
    unknown = Evidence(
        rule=condition.name,
        probe=condition.probe,
        cause=condition.cause,
        outcome=EvidenceOutcome.UNKNOWN,
        value=None,
        unit=condition.unit,
        threshold=str(condition.threshold),
        for_seconds=condition.for_seconds,
        breached_for_seconds=0.0,
        query=signal.query,
        measured_at=None,
        urgent=condition.urgent,
    )
    if isinstance(signal, Unknown):
        return replace(unknown, reason=signal.reason)
    seen = replace(unknown, value=signal.latest.value, measured_at=signal.latest.measured_at, reason=run.lacks)
    if run.streak is None:
        return replace(seen, outcome=EvidenceOutcome.OK)
    lasted = (run.streak.last_at - run.streak.since).total_seconds()
    found = long_enough(condition, run)
    breached = replace(seen, outcome=EvidenceOutcome.BREACHED, samples=signal.samples)
    return replace(breached, breached_for_seconds=lasted, found=found)


def _blind(snapshot: Snapshot, policy: Policy, instance: Instance, runs: Sequence[Streak]) -> bool:
    if warming_up(instance, snapshot, policy):
        return False
    patience = timedelta(seconds=policy.blind_after_seconds)
    return any(run.kind is StreakKind.UNKNOWN and run.last_at - run.since >= patience for run in runs)


def _kind(evidence: tuple[Evidence, ...], blind: bool) -> VerdictKind:
    kinds = {VerdictKind(item.cause.value) for item in evidence if item.found}
    if kinds:
        return min(kinds, key=SEVERITY.index)
    return VerdictKind.BLIND if blind else VerdictKind.HEALTHY


def _desired_before_trouble(snapshot: Snapshot, verdicts: dict[str, Verdict]) -> int | None:
    if not any(verdict.kind in (VerdictKind.DEGRADED, VerdictKind.TAMPERED) for verdict in verdicts.values()):
        return None
    known = snapshot.memory.desired_before_trouble
    return known if known is not None else sum(group.desired for group in snapshot.inventory.groups)


def _fine_since(snapshot: Snapshot, policy: Policy, verdicts: dict[str, Verdict]) -> dict[str, datetime]:
    """Since when each cause with an open breaker has been fine on every member in service, with complete data.

    Where nobody looked for more than two ticks, the count begins anew.
    """
    written_at, known = snapshot.memory.written_at, snapshot.memory.fine_since
    watched = written_at is not None and (snapshot.now - written_at).total_seconds() <= 2 * policy.tick_seconds
    members = [item.id for item in snapshot.inventory.instances if item.state is InstanceState.IN_SERVICE]
    outcomes = {(name, item.rule): item.outcome for name in members for item in verdicts[name].evidence}
    return {
        breaker.cause: known.get(breaker.cause, snapshot.now) if watched else snapshot.now
        for breaker in snapshot.breakers
        if members and all(outcomes.get((name, breaker.cause)) is EvidenceOutcome.OK for name in members)
    }
