from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from controller.decide.rules.cohort_moved import check_fleet
from controller.domain.model import Instance, InstanceState
from controller.domain.verdict import Evidence, EvidenceOutcome, Verdict
from controller.domain.veto import Needs, Veto
from tests.support.builders import (
    ERRORS,
    IMAGE_AGE,
    NOW,
    evidence,
    instances,
    judgement,
    later,
    policy,
    snapshot,
    verdict,
)

FLEET = 12


def fleet(*changes: dict[str, Any]) -> list[Instance]:
    """i-1 ... i-12; each change is for the next of them."""
    members = list(instances(FLEET))
    for number, changed in enumerate(changes):
        members[number] = replace(members[number], **changed)
    return members


def breach(began: float = -600.0, found: bool = True, **changed: Any) -> Evidence:
    """Measured now, and breached since so many seconds."""
    whole = evidence(found=found, outcome=EvidenceOutcome.BREACHED, breached_for_seconds=-began, measured_at=NOW)
    return replace(whole, **changed)


def said(members: Sequence[Instance], *items: Evidence | None) -> Veto | None:
    """The first members have these; None is fine."""
    odd = [verdict(member.id, item or evidence(found=False)) for member, item in zip(members, items, strict=False)]
    rest = [verdict(member.id, evidence(found=False)) for member in members[len(items) :]]
    return check_fleet(snapshot(members), judgement(members, *odd, *rest), policy())


ZONE_B = [{"zone": "b"}] * 3
THREE = (breach(), breach(-610), breach(-900))


def test_a_zone_that_went_bad_at_once_stops_the_fleet_with_its_numbers() -> None:
    reason = (
        "all 3 with zone b began to breach `errors` together (11:45:00 UTC to 11:50:00 UTC), out of 12 in the fleet: "
        "look at what they have in common"
    )
    assert said(fleet(*ZONE_B), *THREE) == Veto("cohort_moved", reason, Needs.WORLD)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"image": replace(instances(1)[0].image, id="ami-bad")}, "image ami-bad"),
        ({"attributes": {"instance_type": "m7g.large"}}, "instance type m7g.large"),
        (
            {"attributes": {"launch_template_id": "lt-1", "launch_template_version": "7"}},
            "launch template lt-1 version 7",
        ),
    ],
)
def test_a_cohort_is_told_by_whatever_its_members_share(changed: dict[str, Any], words: str) -> None:
    veto = said(fleet(*[changed] * 3), *THREE)
    assert veto is not None
    assert f"all 3 with {words} began" in veto.reason


def test_two_are_no_cohort() -> None:
    assert said(fleet(*ZONE_B[:2]), *THREE[:2]) is None


def test_the_whole_fleet_is_another_rules_matter() -> None:
    members = list(instances(3))
    assert said(members, *THREE) is None


def test_one_that_is_well_clears_the_cohort() -> None:
    assert said(fleet(*ZONE_B, {"zone": "b"}), *THREE) is None


def test_one_that_cannot_be_seen_or_still_warms_up_speaks_for_nobody() -> None:
    unknown = evidence(found=False, outcome=EvidenceOutcome.UNKNOWN, value=None, measured_at=None)
    assert said(fleet(*ZONE_B, {"zone": "b"}), *THREE, unknown) is not None
    assert said(fleet(*ZONE_B, {"zone": "b", "launched_at": later(-60)}), *THREE) is not None
    assert said(fleet(*ZONE_B), *THREE[:2], unknown) is None


@pytest.mark.parametrize(("last", "together"), [(-1500, True), (-1501, False)])
def test_together_is_within_a_quarter_of_an_hour(last: float, together: bool) -> None:
    assert (said(fleet(*ZONE_B), breach(), breach(), breach(last)) is not None) is together


def test_a_breach_that_is_no_finding_yet_counts_beside_one_that_is() -> None:
    young = breach(-30, found=False)
    assert said(fleet(*ZONE_B), breach(), young, young) is not None
    assert said(fleet(*ZONE_B), young, young, young) is None, "nobody is condemned: there is nothing to stop"


def test_each_for_a_reason_of_its_own_is_no_cohort() -> None:
    other = breach(rule="disk filling")
    assert said(fleet(*ZONE_B), breach(), breach(), other) is None


def test_who_is_out_of_service_does_not_count() -> None:
    gone = {"zone": "b", "state": InstanceState.STANDBY}
    assert said(fleet({"zone": "b"}, {"zone": "b"}, gone), *THREE) is None


def test_ageing_together_is_what_cohorts_do() -> None:
    members = fleet(*ZONE_B)
    odd: list[Verdict] = [verdict(member.id, evidence(IMAGE_AGE)) for member in members[:3]]
    assert check_fleet(snapshot(members), judgement(members, *odd), policy()) is None
    assert ERRORS.name == "errors"
