from dataclasses import replace
from typing import Any

import pytest

from controller.domain.lifecycle import Outcome
from controller.domain.past import Past, failed_attempts, failed_on, past_of, proven_on
from tests.support.builders import NOW, past, replacement


def ids(found: tuple[Past, ...]) -> list[str]:
    return [item.replacement_id for item in found]


def failed(replacement_id: str, predecessor: str = "i-1", **changed: Any) -> Past:
    return past(replacement_id, predecessor=predecessor, outcome=Outcome.FAILED, **changed)


def test_an_open_replacement_has_no_past() -> None:
    with pytest.raises(ValueError, match="r-1 has not ended"):
        past_of(replacement())


def test_attempts_in_a_row_are_those_of_the_instance_newest_first() -> None:
    told = (failed("r-3"), failed("r-2", "i-2"), failed("r-1"))
    assert ids(failed_attempts(told, "i-1")) == ["r-3", "r-1"]
    assert failed_attempts(told, "i-9") == ()


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ABORTED, Outcome.SUPERSEDED])
def test_whatever_did_not_end_replaced_is_an_attempt(outcome: Outcome) -> None:
    assert ids(failed_attempts((past("r-1", outcome=outcome),), "i-1")) == ["r-1"]


@pytest.mark.parametrize("error_type", ["zone", "declaration_moved", "predecessor_gone"])
def test_what_was_nobodys_fault_is_no_attempt(error_type: str) -> None:
    unlucky = replace(failed("r-3"), outcome=Outcome.ABORTED, error_type=error_type)
    assert ids(failed_attempts((unlucky, failed("r-2")), "i-1")) == ["r-2"]


def test_a_success_ends_the_row() -> None:
    """i-0 could not be replaced at first; i-1 took its place in the end, and starts anew."""
    told = (
        failed("r-3", "i-1"),
        past("r-2", predecessor="i-0", successor="i-1", outcome=Outcome.REPLACED),
        failed("r-1", "i-0"),
    )
    assert ids(failed_attempts(told, "i-1")) == ["r-3"]


def test_a_successor_that_was_left_behind_inherits_the_row() -> None:
    told = (failed("r-2", "i-1"), failed("r-1", "i-0", successor="i-1"), failed("r-0", "i-0", successor=None))
    assert ids(failed_attempts(told, "i-1")) == ["r-2", "r-1", "r-0"]


def test_a_resume_ends_the_row() -> None:
    told = (failed("r-2"), failed("r-1", forgotten=True))
    assert ids(failed_attempts(told, "i-1")) == ["r-2"]


def test_an_image_is_proven_by_each_success_on_it_whoever_resumed_since() -> None:
    told = (
        past("r-3", image_id="ami-new", forgotten=True),
        past("r-2", image_id="ami-old"),
        failed("r-1", image_id="ami-new"),
    )
    assert ids(proven_on(told, "ami-new")) == ["r-3"]


def test_failures_on_an_image_count_from_its_last_proof() -> None:
    told = (
        failed("r-5", image_id="ami-new"),
        failed("r-4", image_id="ami-old"),
        failed("r-3", image_id="ami-new"),
        past("r-2", image_id="ami-new"),
        failed("r-1", image_id="ami-new"),
    )
    assert ids(failed_on(told, "ami-new")) == ["r-5", "r-3"]
    assert ids(failed_on((replace(told[0], forgotten=True), *told[1:]), "ami-new")) == []


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ({}, True),
        ({"verification": None}, True),
        ({"verification": "unproven"}, True),
        ({"successor": None}, False),
        ({"outcome": Outcome.ABORTED}, False),
        # It had proved itself; what failed afterwards was the end of its predecessor.
        ({"verification": "improved", "error_type": "deadline"}, False),
        ({"verification": "improved", "error_type": "successor_lost"}, True),
    ],
)
def test_only_the_successors_own_failure_is_the_images(changed: dict[str, Any], counts: bool) -> None:
    base = failed("r-1", verification="worse", error_type="worse")
    assert bool(failed_on((replace(base, **changed),), base.image_id or "")) is counts


def test_a_closed_replacement_tells_its_past() -> None:
    closed = replace(
        replacement(facts={"launch_image_id": "ami-new"}),
        outcome=Outcome.FAILED,
        closed_at=NOW,
        verification="worse",
        failure={"error_type": "worse"},
    )
    assert past_of(closed) == failed("r-1", successor="i-new", accepted_at=NOW, closed_at=NOW)
