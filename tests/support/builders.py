"""Small values for tests of the core: every field has a sensible default, and a test names only what it is about."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from controller.domain.lifecycle import Kind, Outcome, Phase
from controller.domain.model import Group, Image, Instance, InstanceState, Inventory, Reading, Signal, Snapshot, Target
from controller.domain.past import Past
from controller.domain.policy import Above, Cause, Condition, Mode, Policy
from controller.domain.replacement import Event, Replacement, begin
from controller.domain.verdict import Candidate, Draft, Evidence, EvidenceOutcome, Judgement, Verdict, VerdictKind
from controller.domain.veto import Needs, Veto
from tests.support.virtual import START

NOW = START
DAY = timedelta(days=1)
ERRORS = Condition("errors", Cause.DEGRADED, "errors", Above(0.5), unit="%", for_seconds=60)
IMAGE_AGE = Condition("max_image_age", Cause.AGED, "image_age", Above(30 * 86400.0), unit="s")
HEALTHY_TARGET = (Target("lb", "healthy"),)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def image(image_id: str = "ami-old", age_days: float | None = 10) -> Image:
    return Image(image_id, None if age_days is None else NOW - age_days * DAY)


def instance(instance_id: str = "i-1", **changed: Any) -> Instance:
    """In service and healthy for nine days, unless told otherwise."""
    whole = Instance(
        instance_id,
        group="web",
        zone="a",
        state=InstanceState.IN_SERVICE,
        image=image(),
        launched_at=NOW - 9 * DAY,
        healthy=True,
        targets=HEALTHY_TARGET,
    )
    return replace(whole, **changed)


def instances(count: int, **changed: Any) -> tuple[Instance, ...]:
    """i-1, i-2 ... alike."""
    return tuple(instance(f"i-{number}", **changed) for number in range(1, count + 1))


def group(name: str = "web", desired: int = 6, **changed: Any) -> Group:
    whole = Group(name, desired, minimum=0, maximum=desired + 2, launch_image=image("ami-new", 1), balancers=("lb",))
    return replace(whole, **changed)


def policy(*conditions: Condition, **changed: Any) -> Policy:
    """Mode act, tick 30 s, blind after 10 minutes, warm-up 5 minutes."""
    whole = Policy("web", "world", Mode.ACT, conditions=conditions or (ERRORS, IMAGE_AGE), hash="p1")
    return replace(whole, **changed)


def signal(value: float | str = 0.0, at: datetime = NOW, unit: str = "%") -> Signal:
    return Signal((Reading(value, at),), "how many errors", unit)


def snapshot(
    members: Iterable[Instance] = (), groups: Iterable[Group] | None = None, now: datetime = NOW, **changed: Any
) -> Snapshot:
    """One group that desires what it has, and no signals, unless told otherwise."""
    members = tuple(members)
    whole = tuple(groups) if groups is not None else (group(desired=len(members)),)
    return replace(Snapshot("web", now, Inventory(now, whole, members), {}), **changed)


def all_fine(members: Iterable[Instance], *conditions: Condition, **changed: Any) -> dict[tuple[str, str], Any]:
    """A reading of 0 for every member under every condition, but for what `i_1=...` names."""
    odd = {key.replace("_", "-"): value for key, value in changed.items()}
    names = [condition.name for condition in conditions or (ERRORS, IMAGE_AGE)]
    return {(member.id, name): odd.get(member.id, signal()) for member in members for name in names}


def evidence(condition: Condition = ERRORS, found: bool = True, **changed: Any) -> Evidence:
    """A breach that is a finding, unless told otherwise."""
    whole = Evidence(
        rule=condition.name,
        probe=condition.probe,
        cause=condition.cause,
        outcome=EvidenceOutcome.BREACHED if found else EvidenceOutcome.OK,
        value=7.5 if found else 0.0,
        unit=condition.unit,
        threshold=str(condition.threshold),
        for_seconds=condition.for_seconds,
        breached_for_seconds=90.0 if found else 0.0,
        query="how many errors",
        measured_at=NOW,
        found=found,
        urgent=condition.urgent,
    )
    return replace(whole, **changed)


def verdict(instance_id: str = "i-1", *items: Evidence, kind: VerdictKind | None = None) -> Verdict:
    """Of the first finding's kind, or healthy, unless told otherwise."""
    found = next((VerdictKind(item.cause.value) for item in items if item.found), VerdictKind.HEALTHY)
    return Verdict(instance_id, kind or found, items)


def judgement(members: Iterable[Instance], *odd: Verdict, **memory: Any) -> Judgement:
    """Everybody healthy but these."""
    verdicts = {member.id: verdict(member.id) for member in members} | {item.instance_id: item for item in odd}
    made = Judgement(verdicts, snapshot().memory)
    return replace(made, memory=replace(made.memory, **memory))


def candidate(member: Instance | None = None, *items: Evidence, kind: VerdictKind | None = None) -> Candidate:
    member = member or instance()
    return Candidate(member, verdict(member.id, *(items or (evidence(),)), kind=kind))


def draft(*members: Instance) -> Draft:
    """A plan that has already chosen these."""
    return Draft(tuple(candidate(member) for member in members))


def veto(rule: str = "protected", needs: Needs = Needs.PERSON, clears_at: datetime | None = None) -> Veto:
    return Veto(rule, f"{rule} says no", needs, clears_at)


ACCEPTED_FACTS: Mapping[str, Any] = {
    "fleet": "web",
    "platform": "world",
    "group": "web",
    "zone": "a",
    "predecessor": "i-1",
    "causes": ["errors"],
    "policy_hash": "p1",
    "serving": 6,
    "desired": 6,
}


def accepted(replacement_id: str = "r-1", at: datetime = NOW, **facts: Any) -> Event:
    return Event(replacement_id, 0, at, Kind.ACCEPTED, None, {**ACCEPTED_FACTS, **facts})


def replacement(
    replacement_id: str = "r-1", phase: Phase = Phase.VERIFIED, at: datetime = NOW, **changed: Any
) -> Replacement:
    """Of i-1 by i-new, unless told otherwise. `facts` are merged over those it was accepted with."""
    facts = {**ACCEPTED_FACTS, **changed.pop("facts", {})}
    whole = replace(begin(accepted(replacement_id, at, **facts)), phase=phase, successor="i-new")
    return replace(whole, **changed)


def past(replacement_id: str = "r-1", **changed: Any) -> Past:
    """i-1 replaced by a successor that proved itself on ami-new, a minute ago, unless told otherwise."""
    outcome = changed.get("outcome", Outcome.REPLACED)
    good = outcome is Outcome.REPLACED
    whole = Past(
        replacement_id,
        group="web",
        predecessor="i-1",
        successor=f"new-of-{replacement_id}",
        causes=("errors",),
        outcome=outcome,
        error_type=None if good else "worse",
        verification="improved" if good else "worse",
        image_id="ami-new",
        accepted_at=later(-600),
        closed_at=later(-60),
    )
    return replace(whole, **changed)
