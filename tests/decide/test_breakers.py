"""What opens a breaker, and what proof closes it."""

from dataclasses import replace
from typing import Any

import pytest

from controller.decide.breakers import Changes, changes, half_open, opened_by
from controller.decide.judge import judge
from controller.decide.verify import Proof, Verification
from controller.domain.lifecycle import Outcome
from controller.domain.memory import Memory
from controller.domain.model import Breaker, InstanceState, Signal, Snapshot, Unknown
from controller.domain.past import Past
from controller.domain.policy import Cause, Condition
from controller.domain.verdict import Evidence
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
    past,
    policy,
    replacement,
    signal,
    snapshot,
    verdict,
)

OPENED = Breaker("web", "errors", "r-7: no better", later(-7200), "ami-old")
BOTH = replacement(causes=("errors", "max_image_age"), image_id="ami-new")


def causes(proof: Proof | None, *of: str) -> list[str]:
    opened = opened_by(replace(BOTH, causes=of or BOTH.causes), proof, NOW)
    assert all((item.opened_at, item.image_id, item.fleet) == (NOW, "ami-new", "web") for item in opened)
    return [item.cause for item in opened]


def test_only_the_cause_that_the_successor_breaches_opens_its_breaker() -> None:
    same = Proof(Verification.SAME, "errors is 2 on i-new", ("errors",))
    assert causes(same) == ["errors"]
    assert opened_by(BOTH, same, NOW)[0].reason == "r-1: errors is 2 on i-new"


def test_a_successor_that_is_worse_in_another_way_opens_all_of_them() -> None:
    assert causes(Proof(Verification.WORSE, "i-new does not serve")) == ["errors", "max_image_age"]
    assert causes(None) == ["errors", "max_image_age"]


def test_what_a_person_asked_for_has_no_breaker() -> None:
    assert causes(Proof(Verification.WORSE, "i-new does not serve"), "requested") == []


@pytest.mark.parametrize(
    ("launches", "failed_on", "expected"),
    [("ami-2", "ami-1", True), ("ami-1", "ami-1", False), (None, "ami-1", False), ("ami-2", None, False)],
)
def test_half_open_is_when_a_launch_would_use_another_image(
    launches: str | None, failed_on: str | None, expected: bool
) -> None:
    used = image(launches) if launches else None
    assert half_open(replace(OPENED, image_id=failed_on), used) is expected
    assert not half_open(OPENED, None)


# The same cause again, too soon

WEEK_OLD = past(
    successor="i-2", accepted_at=later(-2 * 86400), closed_at=NOW - DAY, predecessor_launched_at=NOW - 9 * DAY
)
"""Its predecessor had lived for a week; a quarter of that is 42 hours."""


def came_back(item: Past = WEEK_OLD, finding: Evidence | None = None, **seen: Any) -> Changes:
    """i-2 is found wanting now."""
    found = finding or evidence(measured_at=later(0))
    sight = snapshot(instances(3), **seen)
    sight = replace(sight, history=replace(sight.history, past=(item,)))
    return changes(sight, judgement(instances(3), verdict("i-2", found)), policy())


def test_the_same_cause_within_a_quarter_of_the_predecessors_life_opens_its_breaker() -> None:
    (opened,) = came_back().opened
    reason = "r-1: errors is back on i-2 after 24.0 h, less than a quarter of the 168.0 h that i-1 lived"
    assert opened == Breaker("web", "errors", reason, NOW, "ami-new")


@pytest.mark.parametrize(
    "changed",
    [
        {"closed_at": NOW - 2 * DAY},
        {"predecessor_launched_at": NOW - 5 * DAY},
        {"predecessor_launched_at": None},
        {"causes": ("max_image_age",)},
        {"outcome": Outcome.FAILED},
        {"forgotten": True},
        {"successor": "i-9"},
    ],
    ids=[
        "later than a quarter",
        "a short life has a short quarter",
        "nobody knows how long it lived",
        "another cause",
        "it was not replaced",
        "a person resumed since",
        "the successor is gone",
    ],
)
def test_otherwise_it_is_a_new_finding(changed: dict[str, Any]) -> None:
    assert came_back(replace(WEEK_OLD, **changed)).opened == ()


def test_what_began_soon_counts_though_it_is_found_late() -> None:
    long = evidence(breached_for_seconds=86400.0)
    assert came_back(replace(WEEK_OLD, closed_at=NOW - 2 * DAY), long).opened != ()


def test_ages_and_declarations_that_move_on_are_no_rot() -> None:
    drift = Condition("drift", Cause.DRIFTED, "drift", ERRORS.threshold)
    for condition in (IMAGE_AGE, drift):
        item = replace(WEEK_OLD, causes=(condition.name,))
        assert came_back(item, evidence(condition)).opened == ()


def test_one_that_is_open_stays_as_it_is() -> None:
    assert came_back(breakers=(OPENED,)) == Changes()


# Closing by proof


def closed_by(*items: Past, breaker: Breaker = OPENED) -> list[str]:
    sight = snapshot(instances(2), breakers=(breaker,))
    sight = replace(sight, history=replace(sight.history, past=items))
    return [proof for _, proof in changes(sight, judgement(instances(2)), policy()).closed]


def test_a_replacement_for_the_cause_that_went_well_closes_its_breaker() -> None:
    assert closed_by(past()) == ["proof: r-1 replaced i-1, and new-of-r-1 is improved"]


@pytest.mark.parametrize(
    "changed",
    [
        {"causes": ("max_image_age",)},
        {"outcome": Outcome.SUPERSEDED},
        {"verification": None},
        {"closed_at": later(-7200)},
    ],
)
def test_nothing_else_of_the_past_does(changed: dict[str, Any]) -> None:
    assert closed_by(past(**changed)) == []


def looks(count: int, every: float = 30.0, odd: Signal | Unknown | None = None, at_look: int = -1) -> Changes:
    """Looks at two members on which errors is fine, but for what i-2 says at one look."""
    memory, found = Memory(written_at=later(-30)), Changes()
    for number in range(count):
        now = later(every * number)
        fine = signal(0.0, now)
        signals = {("i-1", "errors"): fine, ("i-2", "errors"): odd if odd and number == at_look else fine}
        leaving = instance("i-3", state=InstanceState.TERMINATING)
        sight = snapshot([*instances(2), leaving], now=now, signals=signals, memory=memory, breakers=(OPENED,))
        judged = judge(sight, policy(ERRORS))
        memory, found = judged.memory, changes(sight, judged, policy(ERRORS))
    return found


def test_a_cause_that_is_fine_everywhere_for_half_an_hour_closes_its_breaker() -> None:
    assert looks(60).closed == ()
    ((breaker, proof),) = looks(61).closed
    assert breaker == OPENED
    assert proof == "proof: errors was fine on every member, with complete data, for 30 minutes"


@pytest.mark.parametrize("odd", [Unknown("no row"), signal(1.0, later(300))])
def test_one_member_unseen_or_bad_begins_the_count_anew(odd: Signal | Unknown) -> None:
    assert looks(61, odd=odd, at_look=10).closed == ()
    assert looks(72, odd=odd, at_look=10).closed != ()


def test_a_daemon_that_was_away_has_not_seen_that_all_was_fine() -> None:
    assert looks(30, every=61.0).closed == ()
    assert looks(3, every=1800.0).closed == ()


def test_a_fleet_without_members_proves_nothing() -> None:
    sight = snapshot([], breakers=(OPENED,), memory=Memory(written_at=NOW))
    assert judge(sight, policy()).memory.fine_since == {}


def test_the_plan_is_made_with_the_breakers_as_they_are_from_now_on() -> None:
    other = replace(OPENED, cause="disk")
    sight: Snapshot = snapshot(breakers=(OPENED, other))
    new = Breaker("web", "status", "so", NOW)
    assert Changes((new,), ((OPENED, "proof"),)).applied(sight).breakers == (other, new)
