"""What the nouns say of themselves."""

from datetime import timedelta
from typing import Any

import pytest

from controller.domain.model import Hold, InstanceState, Inventory, Target, Unknown
from controller.domain.policy import Cause
from controller.domain.ports import Work
from tests.support.builders import (
    ERRORS,
    IMAGE_AGE,
    NOW,
    evidence,
    group,
    instance,
    instances,
    judgement,
    later,
    replacement,
    signal,
    snapshot,
    verdict,
)


@pytest.mark.parametrize(
    ("changed", "serves"),
    [
        ({}, True),
        ({"targets": ()}, True),
        ({"healthy": None}, True),
        ({"healthy": False}, False),
        ({"state": InstanceState.PENDING}, False),
        ({"state": InstanceState.STANDBY}, False),
        ({"state": InstanceState.TERMINATING}, False),
        ({"targets": (Target("lb", "healthy"), Target("lb2", "unknown"))}, False),
        ({"targets": (Target("lb", "initial"),)}, False),
        ({"targets": (Target("lb", "draining"),)}, False),
        ({"targets": (Target("lb", "unused"),)}, False),
    ],
)
def test_serving_is_healthy_everywhere_and_unknown_is_not_serving(changed: dict[str, Any], serves: bool) -> None:
    assert instance(**changed).serving is serves


def test_an_inventory_finds_its_own() -> None:
    members = (instance("i-1"), instance("i-2", group="api"))
    inventory = Inventory(NOW, (group("web"), group("api")), members)
    assert inventory.instance("i-2") is members[1]
    assert inventory.instance("i-3") is None
    assert inventory.group("api") == group("api")
    assert inventory.group("edge") is None
    assert inventory.members("web") == members[:1]


def test_what_nobody_asked_is_unknown() -> None:
    seen = snapshot(instances(1), signals={("i-1", "errors"): signal(0.2)})
    assert seen.signal("i-1", "errors") == signal(0.2)
    assert seen.signal("i-1", "disk") == Unknown("not read")


def test_a_hold_says_who_stopped_what_why_and_until_when() -> None:
    hold = Hold("fleet:web", "release day", "ann", NOW, NOW + timedelta(hours=2))
    assert hold.sentence() == "fleet:web held by ann until 2026-11-23 14:00:00 UTC: release day"
    assert Hold("all", "fire", "bob", NOW).sentence() == "all held by bob until resumed: fire"


def test_a_verdict_knows_its_findings_and_its_haste() -> None:
    urgent = evidence(urgent=True)
    calm = evidence(IMAGE_AGE, found=False)
    assert verdict("i-1", calm, urgent).findings == (urgent,)
    assert verdict("i-1", calm, urgent).urgent
    assert not verdict("i-1", evidence(ERRORS, found=False, urgent=True)).urgent


def test_a_judgement_counts_by_cause_whatever_else_was_found() -> None:
    judged = judgement(instances(3), verdict("i-2", evidence(), evidence(IMAGE_AGE)))
    assert [item.instance_id for item in judged.found(Cause.DEGRADED)] == ["i-2"]
    assert [item.instance_id for item in judged.found(Cause.AGED)] == ["i-2"]
    assert judged.found(Cause.TAMPERED) == ()


async def test_work_knows_what_belongs_to_others() -> None:
    async def mutate(call: str, arguments: object, perform: object) -> None:
        raise NotImplementedError

    others = (
        replacement("r-2", predecessor="i-2", successor="i-8"),
        replacement("r-3", predecessor="i-3", successor=None),
    )
    work = Work(replacement(), others, mutate, later(0))  # type: ignore[arg-type]
    assert work.claimed == {"i-2", "i-8", "i-3"}
