"""What goes wrong for a whole cohort at the same moment was done to the cohort: its members did not rot."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from controller.decide.judge import warming_up
from controller.decide.rule import RuleSpec
from controller.domain.model import Instance, InstanceState, Snapshot
from controller.domain.policy import Cause, Policy
from controller.domain.verdict import Evidence, EvidenceOutcome, Judgement
from controller.domain.veto import Needs, Veto
from controller.domain.words import moment_words

AT_LEAST = 3
"""Fewer members are no cohort."""

TOGETHER = timedelta(minutes=15)
"""What began within this time of each other began together."""


def _template(instance: Instance) -> str:
    known = instance.attributes
    version = known.get("launch_template_version", "")
    return f"{known.get('launch_template_id', '')} version {version}".strip() if version else ""


TRAITS: Mapping[str, Callable[[Instance], str]] = {
    "launch template": _template,
    "image": lambda instance: instance.image.id,
    "zone": lambda instance: instance.zone,
    "instance type": lambda instance: instance.attributes.get("instance_type", ""),
}
"""What instances may have in common, by which a cohort is told from the rest of its fleet."""


def check_fleet(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Veto | None:
    """Vetoes when all that can be judged of a cohort (three at least, not the whole fleet) breach the same condition,
    one of them for long enough, and all of it began within a quarter of an hour."""
    serving = [member for member in snapshot.inventory.instances if member.state is InstanceState.IN_SERVICE]
    suspects = [item for item in policy.conditions if item.cause in (Cause.DEGRADED, Cause.TAMPERED)]
    for trait, value, cohort in _cohorts(serving):
        for condition in suspects:
            onsets = _onsets(snapshot, judgement, policy, cohort, condition.name)
            if onsets and max(onsets) - min(onsets) <= TOGETHER:
                began = moment_words(min(onsets), snapshot.now)
                until = "" if max(onsets) == min(onsets) else f" to {moment_words(max(onsets), snapshot.now)}"
                reason = (
                    f"all {len(onsets)} with {trait} {value} began to breach `{condition.name}` together ({began}"
                    f"{until}), out of {len(serving)} in the fleet: look at what they have in common"
                )
                return Veto("cohort_moved", reason, Needs.WORLD)
    return None


def _cohorts(members: Sequence[Instance]) -> Iterator[tuple[str, str, list[Instance]]]:
    """Every cohort that is not the whole fleet: the trait, its value, the members."""
    for trait, value_of in TRAITS.items():
        alike: dict[str, list[Instance]] = {}
        for member in members:
            alike.setdefault(value_of(member), []).append(member)
        for value, cohort in alike.items():
            if value and AT_LEAST <= len(cohort) < len(members):
                yield trait, value, cohort


def _onsets(
    snapshot: Snapshot, judgement: Judgement, policy: Policy, cohort: Sequence[Instance], rule: str
) -> list[datetime]:
    """When each member's breach began; none unless all of them breach, as far as they can be judged."""
    items = [(member, _item(judgement, member, rule)) for member in cohort]
    breached = [item for _, item in items if item and item.outcome is EvidenceOutcome.BREACHED]
    well = [
        member
        for member, item in items
        if item and item.outcome is EvidenceOutcome.OK and not warming_up(member, snapshot, policy)
    ]
    if well or len(breached) < AT_LEAST or not any(item.found for item in breached):
        return []
    return [item.measured_at - timedelta(seconds=item.breached_for_seconds) for item in breached if item.measured_at]


def _item(judgement: Judgement, member: Instance, rule: str) -> Evidence | None:
    evidence = judgement.verdicts[member.id].evidence
    return next((item for item in evidence if item.rule == rule), None)


RULE = RuleSpec(
    "cohort_moved", "What befalls a whole cohort at once is not cured by replacing.", check_fleet=check_fleet
)
