"""A step whose first looks had to wait: the waiting belongs to it."""

from datetime import timedelta

from controller.domain.lifecycle import Kind, Step
from controller.record.story import story
from tests.record.stories import Story, verified


def test_the_looks_before_a_step_that_waited_are_part_of_its_span() -> None:
    told = verified(Story())
    verified_at = told.events[-1].at
    reason = "capacity_floor: 5 would serve without it, 6 have to"
    told.then(40.0, Kind.STARTED, Step.DRAIN, polls=9, waited_for=reason)
    told.then(5.0, Kind.SUCCEEDED, Step.DRAIN)
    drain = next(span for span in story(told.events) if span.name == "drain")
    assert drain.start_at == verified_at
    assert drain.end_at == verified_at + timedelta(seconds=45)
    (waited,) = [note for note in drain.notes if note.name == "waited"]
    assert reason in str(waited)


def test_a_step_that_began_at_the_first_look_begins_there() -> None:
    told = verified(Story()).then(40.0, Kind.STARTED, Step.DRAIN).then(5.0, Kind.SUCCEEDED, Step.DRAIN)
    drain = next(span for span in story(told.events) if span.name == "drain")
    assert drain.start_at == told.events[-2].at
    assert not any(note.name == "waited" for note in drain.notes)
