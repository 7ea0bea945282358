"""Has the successor proved itself? Per cause, on what was measured in its own life, beside predecessor and siblings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from controller.decide.judge import warming_up
from controller.decide.lasting import recalled, with_recalled
from controller.decide.looks import standing
from controller.decide.runs import bad
from controller.decide.sides import Side, most, siblings, side, sides_json
from controller.domain.model import Instance, InstanceState, Snapshot
from controller.domain.policy import Cause, Condition, Policy
from controller.domain.replacement import Replacement
from controller.domain.request import REQUESTED


class Verification(StrEnum):
    """What the successor proved. `unproven`: nothing has been seen yet that could decide."""

    IMPROVED = "improved"
    SAME = "same"
    WORSE = "worse"
    UNPROVEN = "unproven"


UNSEEN = frozenset({"healthy", "unknown", "unavailable", "initial", "draining", "unused"})
"""States of targets that do not say that an instance is sick: it is well, cannot be seen, or somebody took it out."""

SICKNESS = frozenset({Cause.DEGRADED, Cause.TAMPERED})
"""What speaks against a successor whatever its predecessor was replaced for."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How the successor stands at this moment, and the sentence that explains it.

    breached: the causes that it breaches as its predecessor did. sides: what was compared, as JSON; see sides_json.
    lost: it is gone or going, by whosever hand; that says nothing about how well it would have served.
    """

    verification: Verification
    sentence: str
    breached: tuple[str, ...] = ()
    sides: tuple[Mapping[str, Any], ...] = ()
    lost: bool = False


def counts_from(replacement: Replacement, policy: Policy) -> datetime:
    """From when on a successor's readings count: it is ready, and has warmed up."""
    return replacement.phase_since + timedelta(seconds=policy.verify.warm_up_seconds)


def verify(snapshot: Snapshot, replacement: Replacement, policy: Policy) -> Proof:
    """The successor's standing by all its readings since warm-up.

    lost: it left service. worse: it stopped serving, starts from an older image, or breaches what its predecessor did
    not and most of its warm siblings do not. same: it breaches a cause. unproven: whether it serves cannot be seen, a
    cause's own signal has not been read from it yet, or what it breaches is the fleet's trouble. improved: every
    cause was read and is fine.
    """
    snapshot = with_recalled(snapshot, recalled(snapshot, policy))
    successor = snapshot.inventory.instance(replacement.successor or "")
    if successor is None or successor.state is not InstanceState.IN_SERVICE:
        return Proof(Verification.UNPROVEN, f"{replacement.successor} is no longer in service", lost=True)
    compared = tuple(_compare(snapshot, replacement, policy))
    told = tuple(item for one in compared for item in one.sides)
    if not successor.serving:
        others = _warm_siblings(snapshot, policy, replacement)
        return replace(_not_serving(successor, others, compared), sides=told)
    return replace(_verdict(successor, replacement, policy, compared), sides=told)


@dataclass(frozen=True, slots=True)
class _Compared:
    condition: Condition
    caused: bool
    after: Side
    before_breached: bool
    fleet: bool
    sides: tuple[Mapping[str, Any], ...]

    def sentence(self, successor: Instance, how: str = "") -> str:
        """The breach in numbers."""
        condition = self.condition
        worst = [item.value for item in self.after.readings if bad(item.value, condition)][-1]
        return f"{condition.name} is {worst} ({condition.threshold}) on {successor.id}{how}"


def _compare(snapshot: Snapshot, replacement: Replacement, policy: Policy) -> Iterator[_Compared]:
    since, others = counts_from(replacement, policy), _warm_siblings(snapshot, policy, replacement)
    evidence = {item["rule"]: item for item in replacement.facts.get("evidence", ())}
    for condition in policy.conditions:
        before, caused = evidence.get(condition.name), condition.name in replacement.causes
        after = side(snapshot, replacement.successor or "", condition, since)
        beside = siblings(snapshot, others, condition, since)
        told = sides_json(condition, before, after, beside) if caused or after.readings else []
        breached = before is not None and before["outcome"] == "breached"
        yield _Compared(condition, caused, after, breached, most(beside), tuple(told))


def _warm_siblings(snapshot: Snapshot, policy: Policy, replacement: Replacement) -> tuple[Instance, ...]:
    pairs = (replacement, *snapshot.open_replacements)
    involved = {item.predecessor for item in pairs} | {item.successor for item in pairs}
    return tuple(
        member
        for member in snapshot.inventory.instances
        if member.state is InstanceState.IN_SERVICE
        and member.id not in involved
        and not warming_up(member, snapshot, policy)
    )


def _not_serving(successor: Instance, others: tuple[Instance, ...], compared: tuple[_Compared, ...]) -> Proof:
    """worse, unless nobody can see whether it serves, or its warm siblings do not serve either."""
    breached = tuple(item.condition.name for item in compared if item.caused and item.after.breached)
    sentence = f"{successor.id} does not serve ({standing(successor)})"
    if successor.healthy is not False and {target.state for target in successor.targets} <= UNSEEN:
        return Proof(Verification.UNPROVEN, sentence)
    idle = sum(not member.serving for member in others)
    if others and 2 * idle >= len(others):
        return Proof(Verification.UNPROVEN, f"{sentence}, nor do {idle} of its {len(others)} warm siblings")
    return Proof(Verification.WORSE, sentence, breached)


def _verdict(successor: Instance, replacement: Replacement, policy: Policy, compared: tuple[_Compared, ...]) -> Proof:
    """The worst that can be said; what is fine has to be seen in every cause."""
    bad = [item for item in compared if item.after.breached]
    same = [item for item in bad if item.caused]
    sick = [item for item in bad if not item.caused and item.condition.cause in SICKNESS and not item.before_breached]
    worse = [item for item in sick if not item.fleet]
    causes = tuple(item.condition.name for item in same)
    if worse:
        return Proof(Verification.WORSE, worse[0].sentence(successor), causes)
    if same:
        return Proof(Verification.SAME, same[0].sentence(successor), causes)
    older = _older_image(successor, replacement, policy)
    if older:
        return Proof(Verification.WORSE, older)
    unseen = next(_unseen(replacement, policy, compared), None)
    if unseen:
        return Proof(Verification.UNPROVEN, unseen)
    if sick:
        return Proof(Verification.UNPROVEN, sick[0].sentence(successor, ", and on at least half of its siblings"))
    named = [cause for cause in replacement.causes if cause != REQUESTED]
    fine = f"{', '.join(named)} is fine on it" if named else "nothing speaks against it"
    return Proof(Verification.IMPROVED, f"{successor.id} serves, and {fine}")


def _unseen(replacement: Replacement, policy: Policy, compared: tuple[_Compared, ...]) -> Iterator[str]:
    """A sentence about each cause whose signal has not been read from the successor."""
    for cause in replacement.causes:
        if cause != REQUESTED and policy.condition(cause) is None:
            yield f"{cause} is not read any more"
    for item in compared:
        if item.caused and not item.after.readings:
            yield f"{item.condition.name}: {item.after.unread}"


def _older_image(successor: Instance, replacement: Replacement, policy: Policy) -> str | None:
    """What was replaced for its age must not be followed by something older."""
    aged = any(condition.cause is Cause.AGED for cause in replacement.causes if (condition := policy.condition(cause)))
    before = dict(replacement.facts.get("predecessor_facts") or {})
    known = before.get("image_created_at")
    born_at = datetime.fromisoformat(known) if known else None
    image = successor.image
    if not aged or born_at is None or image.created_at is None or image.created_at >= born_at:
        return None
    return f"{successor.id} starts from {image.id} of {image.created_at:%Y-%m-%d}, older than {before.get('image_id')}"
