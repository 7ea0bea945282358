"""Whatever the network and the APIs do: the same two go, nobody else does, and the fleet ends as it began.

A sample runs with every build, 200 seeds with `make e2e`.
"""

from collections import Counter
from pathlib import Path
from unittest import mock

import pytest

from controller.clients import aws
from controller.clients.aws_errors import translate
from controller.domain.errors import PlatformError
from controller.domain.lifecycle import Outcome
from tests.e2e.harness.laws import violations
from tests.e2e.harness.wire import Request, read_wire
from tests.scenarios.harness.case import Story
from tests.scenarios.harness.play import Performance, perform
from tests.scenarios.schedules import CONFIG, FULL, SICK, WELL, story
from tests.support.worlds import Nursery

SAMPLE = tuple(range(1, 9))
FULL_MATRIX = tuple(range(9, 201))


def problems(done: Performance) -> list[str]:
    """One sentence for each way in which the end is not the one without faults."""
    (group,), names = done.state.values(), done.names
    members = {names.told(instance_id): member for instance_id, member in group["instances"].items()}
    ends = [(names.told(item.predecessor), item.outcome) for item, _ in done.ending.replacements]
    replaced = Counter(who for who, outcome in ends if outcome is Outcome.REPLACED)
    found = [f"{who} was to be replaced by the fault" for who, _ in ends if who not in (SICK, FULL)]
    found += [f"{who} was replaced {replaced[who]} times" for who in (SICK, FULL) if replaced[who] != 1]
    found += [f"{who} is gone" for who in WELL if who not in members]
    found += [f"{who} is still there" for who in (SICK, FULL) if who in members]
    found += [f"{who} is still protected" for who, member in members.items() if member["protected"]]
    if not group["desired"] == len(members) == len(group["serving"]) == 6:
        found.append(f"{group['desired']} desired, {len(members)} members, {len(group['serving'])} serve")
    found += [f"open: {item.id}" for item, _ in done.ending.replacements if item.open]
    return found + list(done.ending.breakers) + violations(read_wire(done.wire), done.group)


def test_without_faults(nursery: Nursery, tmp_path: Path) -> None:
    done = perform(story(0), CONFIG, nursery, tmp_path)
    assert problems(done) == []
    assert len(done.ending.replacements) == 2


LOST = {"at": "0s", "fault": {"action": "SetDesiredCapacity", "reset": True, "moment": "after"}}
"""A launch whose answer is lost after it took effect."""


def lost_answer() -> Story:
    document = story(0).model_dump(by_alias=True)
    return Story.model_validate({**document, "timeline": [*document["timeline"], LOST]})


def test_an_answer_that_is_lost_doubles_nothing(nursery: Nursery, tmp_path: Path) -> None:
    assert problems(perform(lost_answer(), CONFIG, nursery, tmp_path)) == []


def test_a_daemon_that_takes_a_lost_answer_for_a_failure_is_found_out(nursery: Nursery, tmp_path: Path) -> None:
    def certain(error: Exception, call: str, *, mutation: bool) -> PlatformError:
        return translate(error, call, mutation=False)

    with mock.patch.object(aws, "translate", certain):
        found = problems(perform(lost_answer(), CONFIG, nursery, tmp_path))
    assert any("in flight" in problem or "desired" in problem for problem in found), found


def _same_end(seed: int, nursery: Nursery, folder: Path) -> None:
    done = perform(story(seed), CONFIG, nursery, folder)
    assert any(isinstance(item, Request) and item.fault for item in read_wire(done.wire)), "no fault has struck"
    found = problems(done)
    assert not found, "\n".join([f"seed {seed}:", *found, "", done.report])


@pytest.mark.parametrize("seed", SAMPLE)
def test_the_same_end(seed: int, nursery: Nursery, tmp_path: Path) -> None:
    _same_end(seed, nursery, tmp_path)


@pytest.mark.full_matrix
@pytest.mark.parametrize("seed", FULL_MATRIX)
def test_the_same_end_of_all(seed: int, nursery: Nursery, tmp_path: Path) -> None:
    _same_end(seed, nursery, tmp_path)
