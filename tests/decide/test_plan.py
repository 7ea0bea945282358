"""From verdicts to what starts, what waits, and when to look again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decide.judge import judge
from controller.decide.plan import plan
from controller.decide.rule import RuleSpec
from controller.decide.rules import max_in_flight, zone
from controller.domain.memory import Streak, StreakKind
from controller.domain.model import Instance, InstanceState, Snapshot
from controller.domain.policy import Amount, AnyOf, Cause, Condition, Limits, Policy
from controller.domain.verdict import Candidate, Draft, Evidence, EvidenceOutcome, Plan, Verdict, VerdictKind
from controller.domain.veto import Needs, Veto
from tests.decide.arbitrary import policies, snapshots
from tests.simulation.daemon import RULES
from tests.support.builders import (
    DAY,
    ERRORS,
    IMAGE_AGE,
    NOW,
    evidence,
    image,
    instance,
    instances,
    judgement,
    later,
    policy,
    replacement,
    snapshot,
    verdict,
)

TAMPERED = Condition("changed", Cause.TAMPERED, "changed", AnyOf(("yes",)))
DRIFTED = Condition("drift", Cause.DRIFTED, "drift", AnyOf(("yes",)))


def saying(*vetoes: Veto, to: str = "") -> RuleSpec:
    """A rule that gives its first veto to this candidate, or to everybody."""

    def check(candidate: Candidate, draft: Draft, seen: Snapshot, by: Policy) -> Veto | None:
        return vetoes[0] if to in ("", candidate.instance.id) else None

    return RuleSpec(vetoes[0].rule, "A test.", check=check)


def stopping(veto: Veto) -> RuleSpec:
    return RuleSpec(veto.rule, "A test.", check_fleet=lambda seen, judged, by: veto)


def planned(
    members: Sequence[Instance],
    *odd: Verdict,
    rules: Sequence[RuleSpec] = (),
    by: Policy | None = None,
    streaks: dict[tuple[str, str], Streak] | None = None,
    **seen: Any,
) -> Plan:
    judged = judgement(members, *odd, streaks=streaks or {})
    return plan(snapshot(members, **seen), judged, by or policy(), rules)


def starts(decided: Plan) -> list[str]:
    return [item.instance.id for item in decided.starts]


def no(rule: str = "no", needs: Needs = Needs.REPAVE, clears_after: float | None = None) -> Veto:
    return Veto(rule, "so", needs, later(clears_after) if clears_after is not None else None)


def test_the_healthy_are_left_alone() -> None:
    decided = planned(instances(3))
    assert (decided.starts, decided.holds, decided.fleet_veto) == ((), (), None)


def test_urgent_then_worst_then_oldest_image_then_oldest_instance_then_by_id() -> None:
    members = [
        instance("i-9", image=image("a", 90)),
        instance("i-1", image=image("a", 10)),
        instance("i-3", image=image("a", 60), launched_at=NOW - 3 * DAY),
        instance("i-2", image=image("a", 60), launched_at=NOW - 2 * DAY),
        instance("i-5", image=image("a", None)),
        instance("i-4", image=image("a", None)),
        instance("i-6"),
        instance("i-7"),
        instance("i-8", launched_at=None),
    ]
    odd = [verdict(member.id, evidence(IMAGE_AGE)) for member in members[:6]]
    odd += [verdict("i-6", evidence(TAMPERED)), verdict("i-7", evidence(DRIFTED)), verdict("i-8", evidence(ERRORS))]
    assert starts(planned(members, *odd)) == ["i-6", "i-8", "i-7", "i-9", "i-3", "i-2", "i-1", "i-4", "i-5"]
    odd[1] = verdict("i-1", evidence(IMAGE_AGE, urgent=True))
    assert starts(planned(members, *odd))[:2] == ["i-1", "i-6"]


def test_budgets_count_what_this_plan_chose() -> None:
    members = [instance(f"i-{n}", zone=place) for n, place in enumerate("aabb", start=1)]
    odd = [verdict(member.id, evidence()) for member in members]
    both = [max_in_flight.RULE, zone.RULE]
    two = policy(limits=Limits(max_in_flight=Amount(count=2)))
    decided = planned(members, *odd, rules=both, by=two)
    assert starts(decided) == ["i-1", "i-3"]
    assert [[veto.reason for veto in held.vetoes] for held in decided.holds] == [
        ["one for i-1 already surges in a"],
        ["2 of 2 in flight (one for i-1, one for i-3)", "one for i-3 already surges in b"],
    ]


def test_every_veto_is_told() -> None:
    rules = [saying(no("one")), stopping(no("fleet")), saying(no("other"), to="i-2")]
    decided = planned(instances(2), verdict("i-1", evidence()), verdict("i-2", evidence()), rules=rules)
    assert [[veto.rule for veto in held.vetoes] for held in decided.holds] == [
        ["fleet", "one"],
        ["fleet", "one", "other"],
    ]
    assert decided.fleet_veto == no("fleet")
    assert [held.candidate.instance.id for held in decided.holds] == ["i-1", "i-2"]


@pytest.mark.parametrize("state", [InstanceState.TERMINATING, InstanceState.DETACHED])
def test_who_leaves_anyway_is_no_candidate(state: InstanceState) -> None:
    assert starts(planned([instance(state=state)], verdict("i-1", evidence()))) == []


def test_who_is_part_of_a_replacement_is_no_candidate() -> None:
    members = [instance("i-1"), instance("i-new"), instance("i-2")]
    odd = [verdict(member.id, evidence()) for member in members]
    assert starts(planned(members, *odd, open_replacements=(replacement(),))) == ["i-2"]


def test_the_blind_never_start_even_without_the_rule_for_them() -> None:
    decided = planned(instances(1), verdict("i-1", kind=VerdictKind.BLIND))
    assert decided.starts == ()
    assert [held.candidate.instance.id for held in decided.holds] == ["i-1"]


# When to look again


def test_the_next_look_is_a_tick_away() -> None:
    assert planned(instances(1)).next_look_at == later(30)


@pytest.mark.parametrize(("clears_after", "look_after"), [(10, 10), (45, 30), (0.2, 1), (-60, 1)])
def test_or_when_the_first_veto_clears(clears_after: float, look_after: float) -> None:
    rules = [saying(no("a", clears_after=900)), saying(no("b", clears_after=clears_after))]
    decided = planned(instances(1), verdict("i-1", evidence()), rules=rules)
    assert decided.next_look_at == later(look_after)


def breaching(since: float, last: float, points: int, now: float = 0.0, for_seconds: float = 60.0) -> Plan:
    """A run of breaches between these seconds that is no finding yet."""
    item = evidence(ERRORS, found=False, outcome=EvidenceOutcome.BREACHED, for_seconds=for_seconds)
    run = Streak(StreakKind.BREACHED, later(since), later(last), points)
    return planned(instances(1), verdict("i-1", item), streaks={("i-1", "errors"): run}, now=later(now))


@pytest.mark.parametrize(
    ("decided", "look_after"),
    [
        (breaching(-50, 0, 3), 10),
        (breaching(-20, 0, 2), 30),
        (breaching(-50, 0, 1), 30),
        (breaching(-90, -40, 3), 10),
        (breaching(-300, -300, 1), 30),
    ],
    ids=[
        "the span is nearly over",
        "the span is longer than a tick",
        "points are missing",
        "a source that lags",
        "stale",
    ],
)
def test_or_when_a_breach_would_have_lasted_long_enough(decided: Plan, look_after: float) -> None:
    assert decided.next_look_at == later(look_after)


def silent(since: float, **member: Any) -> Plan:
    item = evidence(ERRORS, found=False, outcome=EvidenceOutcome.UNKNOWN)
    run = Streak(StreakKind.UNKNOWN, later(since), NOW, 9)
    return planned([instance(**member)], verdict("i-1", item), streaks={("i-1", "errors"): run})


def test_or_when_a_silence_would_become_blindness() -> None:
    assert silent(-590).next_look_at == later(10)
    assert silent(-100).next_look_at == later(30)


def test_a_silence_that_only_a_warm_up_excuses_is_not_looked_at_every_second() -> None:
    assert silent(-700, launched_at=later(-700)).next_look_at == later(30)


# Settled: nothing is in flight, and each candidate waits for a person, for the world, or for longer than 10 minutes.


@pytest.mark.parametrize(
    ("vetoes", "settled"),
    [
        ([no(needs=Needs.PERSON)], True),
        ([no(needs=Needs.WORLD)], True),
        ([no(needs=Needs.REPAVE)], False),
        ([no(needs=Needs.REPAVE, clears_after=600)], False),
        ([no(needs=Needs.REPAVE, clears_after=601)], True),
        ([no(needs=Needs.PERSON, clears_after=600)], False),
        ([no(needs=Needs.PERSON, clears_after=3600)], True),
        ([no(needs=Needs.REPAVE), no(needs=Needs.PERSON)], True),
    ],
)
def test_what_a_candidate_waits_for_decides_whether_it_is_settled(vetoes: list[Veto], settled: bool) -> None:
    rules = [saying(replace(veto, rule=f"rule {number}")) for number, veto in enumerate(vetoes)]
    assert planned(instances(1), verdict("i-1", evidence()), rules=rules).settled is settled


def test_each_candidate_has_to_wait() -> None:
    rules = [saying(no("a", Needs.PERSON), to="i-1"), saying(no("b"), to="i-2")]
    decided = planned(instances(2), verdict("i-1", evidence()), verdict("i-2", evidence()), rules=rules)
    assert not decided.settled


def test_a_healthy_fleet_is_settled_and_one_in_flight_or_about_to_be_is_not() -> None:
    assert planned(instances(2)).settled
    assert not planned(instances(2), open_replacements=(replacement(),)).settled
    assert not planned(instances(2), verdict("i-1", evidence())).settled


def test_what_ripens_soon_is_not_settled() -> None:
    assert not breaching(-20, 0, 2).settled
    assert not breaching(0, 0, 1, for_seconds=600).settled
    assert breaching(0, 0, 1, for_seconds=601).settled
    assert not silent(-30).settled


def test_a_blind_instance_that_no_rule_explains_is_not_settled() -> None:
    assert not planned(instances(1), verdict("i-1", kind=VerdictKind.BLIND)).settled


# Whatever is seen


@settings(deadline=None, max_examples=80)
@given(snapshots(), policies(), st.sets(st.integers(0, len(RULES) - 1)))
def test_whatever_is_seen_and_whichever_rules_are_missing_nobody_blind_starts(
    seen: Snapshot, by: Policy, kept: set[int]
) -> None:
    judged = judge(seen, by)
    decided = plan(seen, judged, by, [RULES[index] for index in sorted(kept)])
    condemned = {item.instance_id for item in judged.verdicts.values() if item.findings}
    involved = {item.predecessor for item in seen.open_replacements} | {
        item.successor for item in seen.open_replacements
    }
    assert {item.instance.id for item in decided.starts} <= condemned - involved
    held = [item.candidate.instance.id for item in decided.holds]
    assert len(set(starts(decided) + held)) == len(starts(decided) + held)
    assert seen.now + timedelta(seconds=1) <= decided.next_look_at <= seen.now + timedelta(seconds=by.tick_seconds)


@settings(deadline=None, max_examples=40)
@given(snapshots(), policies())
def test_the_same_sight_gives_the_same_decision(seen: Snapshot, by: Policy) -> None:
    judged = judge(seen, by)
    assert judge(seen, by) == judged
    assert plan(seen, judged, by, RULES) == plan(seen, judged, by, RULES)


def test_evidence_alone_condemns_nobody() -> None:
    items: tuple[Evidence, ...] = (evidence(found=False, outcome=EvidenceOutcome.BREACHED),)
    assert planned(instances(1), verdict("i-1", *items)).starts == ()
