"""The declaration that moves while a replacement is under way, told from a successor that is no better."""

from dataclasses import replace
from typing import Any

import pytest

from controller.decide.declared import declared, moved
from controller.domain.model import Snapshot, Unknown
from controller.domain.policy import Begins, Cause, Condition
from controller.domain.replacement import Replacement
from tests.support.builders import ERRORS, group, image, instance, policy, replacement, signal, snapshot

DRIFT = Condition("image", Cause.DRIFTED, "image", Begins("differs"))
POLICY = policy(ERRORS, DRIFT)
THEN = {"image_id": "ami-5", "launch_template_version": "5"}


def seen(reading: Any, launch: str = "ami-6", version: str = "5") -> Snapshot:
    place = group(launch_image=image(launch), attributes={"arn": "a", "launch_template_version": version})
    return snapshot([instance("i-new")], [place], signals={("i-new", "image"): reading})


def drifting(*causes: str, **facts: Any) -> Replacement:
    ours = replacement(causes=causes or ("image",))
    return replace(ours, facts={**ours.facts, "declared": THEN, **facts})


def test_what_a_launch_would_use_is_the_image_and_the_template() -> None:
    attributes = {"arn": "a", "launch_template_id": "lt", "launch_template_version": "5"}
    told = {"image_id": "ami-5", "launch_template_id": "lt", "launch_template_version": "5"}
    assert declared(group(launch_image=image("ami-5"), attributes=attributes)) == told
    assert declared(group(launch_image=None)) == declared(None) == {}


def test_a_successor_of_an_older_declaration_is_not_to_blame() -> None:
    said = "what a launch would use has changed since (image_id from ami-5 to ami-6), and i-new is not that"
    assert moved(seen(signal("differs: ami-5")), drifting(), POLICY) == said


@pytest.mark.parametrize(
    ("sight", "ours"),
    [
        (seen(signal("differs: ami-4"), launch="ami-5"), drifting()),  # unchanged: it is no better
        (seen(signal("current")), drifting()),  # born after the change
        (seen(Unknown("not read")), drifting()),  # not seen to differ
        (seen(signal("differs: ami-5")), drifting("errors")),  # replaced for something else
        (seen(signal("differs: ami-5")), drifting(declared={})),  # accepted by an older version of Repave
    ],
)
def test_nothing_else_is_called_a_change(sight: Snapshot, ours: Replacement) -> None:
    assert moved(sight, ours, POLICY) is None
