"""A replacement is the fold of its events: what each kind leaves in it, and how time is counted."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.domain.errors import IllegalTransition
from controller.domain.lifecycle import Kind, Outcome, Phase, Step
from controller.domain.replacement import Call, Event, Replacement, apply, begin, fold
from tests.support.builders import accepted, later

Move = tuple[float, Kind, Step | None, dict[str, Any]]
LAUNCHED: list[Move] = [
    (1, Kind.STARTED, Step.LAUNCH, {}),
    (2, Kind.CALLED, Step.LAUNCH, {"call": "world.Launch", "ordinal": 0, "arguments": {"members": ["i-1"]}}),
    (3, Kind.RETURNED, Step.LAUNCH, {"call": "world.Launch", "ordinal": 0, "outcome": "ok", "result": {"id": "x"}}),
    (4, Kind.SUCCEEDED, Step.LAUNCH, {"successor": "i-new"}),
]
FAILED: Move = (9, Kind.FAILED, Step.AWAIT_READY, {"reason": "slow", "error_type": "deadline", "outcome": "failed"})


def told(*moves: Move) -> Replacement:
    """The replacement after these moves: (seconds after acceptance, kind, step, facts)."""
    events = [accepted()]
    for seconds, kind, step, facts in moves:
        events.append(Event("r-1", len(events), later(seconds), kind, step, facts))
    return fold(events)


def paused(seconds: float) -> Move:
    return (seconds, Kind.PAUSED, None, {"reason": "lunch"})


def resumed(seconds: float) -> Move:
    return (seconds, Kind.RESUMED, None, {"reason": "over"})


def test_it_begins_as_its_acceptance_says() -> None:
    state = begin(accepted(causes=["errors", "max_image_age"]))
    assert (state.id, state.fleet, state.group, state.zone) == ("r-1", "web", "web", "a")
    assert (state.predecessor, state.causes, state.policy_hash) == ("i-1", ("errors", "max_image_age"), "p1")
    assert (state.phase, state.phase_since, state.segment_since, state.events) == ("accepted", later(0), later(0), 1)
    assert state.open
    assert not state.undoing
    assert state.in_doubt is None


def test_it_cannot_begin_in_the_middle() -> None:
    with pytest.raises(IllegalTransition, match="r-1 begins with started, not with accepted"):
        fold([Event("r-1", 0, later(0), Kind.STARTED, Step.LAUNCH)])


@pytest.mark.parametrize("ordinal", [0, 2, 3])
def test_an_event_out_of_its_order_is_refused(ordinal: int) -> None:
    with pytest.raises(IllegalTransition, match=f"r-1: event {ordinal} after 0"):
        apply(begin(accepted()), Event("r-1", ordinal, later(1), Kind.STARTED, Step.LAUNCH))


def test_the_next_event_follows() -> None:
    state = told(*LAUNCHED)
    event = state.next_event(later(5), Kind.STARTED, Step.AWAIT_READY, reason="so")
    assert (event.replacement_id, event.ordinal, event.facts) == ("r-1", 5, {"reason": "so"})
    assert apply(state, event).phase is Phase.AWAITING_READY


def test_calls_are_kept_with_their_outcomes() -> None:
    state = told(*LAUNCHED)
    arguments = {"members": ["i-1"]}
    assert state.calls == (Call(Step.LAUNCH, 0, "world.Launch", arguments, later(2), "ok", {"id": "x"}),)
    assert state.successor == "i-new"
    assert state.in_doubt is None


@pytest.mark.parametrize(("outcome", "doubted"), [(None, True), ("unknown", True), ("ok", False), ("failed", False)])
def test_a_call_without_a_sure_outcome_is_in_doubt(outcome: str | None, doubted: bool) -> None:
    returned = (3.0, Kind.RETURNED, Step.LAUNCH, {"call": "world.Launch", "ordinal": 0, "outcome": outcome})
    state = told(*LAUNCHED[:2], *([returned] if outcome else []))
    assert (state.in_doubt is not None) is doubted


def test_only_the_newest_call_counts_for_doubt() -> None:
    again = replace(told(*LAUNCHED[:2]).calls[0], outcome="unknown")
    sure = replace(again, ordinal=1, outcome="ok")
    assert replace(told(*LAUNCHED[:1]), calls=(again, sure)).in_doubt is None


def test_calls_on_the_way_back_are_told_apart() -> None:
    undo_call: Move = (10, Kind.CALLED, None, {"call": "world.Launch", "ordinal": 1, "arguments": {}})
    state = told(*LAUNCHED, (5, Kind.STARTED, Step.AWAIT_READY, {}), FAILED, undo_call)
    assert [call.ordinal for call in state.calls_of("world.Launch")] == [0]
    assert [call.ordinal for call in state.calls_of("world.Launch", undoing=True)] == [1]
    assert state.undoing


def test_a_failure_its_undoing_and_its_end_are_kept() -> None:
    way_back: list[Move] = [
        (10, Kind.UNDONE, Step.DRAIN, {}),
        (11, Kind.UNDONE, Step.LAUNCH, {}),
        (12, Kind.CLOSED, None, {"outcome": "failed", "reason": "slow"}),
    ]
    state = told(*LAUNCHED, (5, Kind.STARTED, Step.AWAIT_READY, {}), FAILED, *way_back)
    assert state.failure == FAILED[3]
    assert state.drain_undone
    assert (state.outcome, state.closed_at, state.open) == (Outcome.FAILED, later(12), False)


def test_an_adopted_successor_takes_the_others_place_without_a_move() -> None:
    waiting = told(*LAUNCHED, (5, Kind.STARTED, Step.AWAIT_READY, {}))
    adopted = apply(waiting, waiting.next_event(later(8), Kind.SUCCEEDED, Step.LAUNCH, successor="i-newer"))
    assert (adopted.successor, adopted.phase, adopted.phase_since) == ("i-newer", Phase.AWAITING_READY, later(5))


def test_a_pause_stops_the_deadline_of_its_phase() -> None:
    state = told((10, Kind.STARTED, Step.LAUNCH, {}), paused(20))
    assert state.elapsed_seconds(later(1000)) == 10
    state = apply(state, state.next_event(later(120), Kind.RESUMED))
    assert state.elapsed_seconds(later(150)) == 40


def test_a_new_phase_has_its_whole_deadline_and_the_total_keeps_the_pauses() -> None:
    state = told(paused(10), resumed(40), (50, Kind.STARTED, Step.LAUNCH, {}))
    assert (state.paused_seconds, state.total_paused_seconds) == (0.0, 30.0)
    assert state.elapsed_seconds(later(60)) == 10


def test_a_phase_that_begins_during_a_pause_still_waits_for_its_end() -> None:
    """A call that was under way when the hold came may finish its step."""
    state = told(*LAUNCHED[:1], paused(2), LAUNCHED[3])
    assert state.phase is Phase.LAUNCHED
    assert state.paused_at is not None
    assert state.elapsed_seconds(later(100)) == 0


def test_being_closed_while_paused_ends_the_pause() -> None:
    undoing = told(*LAUNCHED, (5, Kind.STARTED, Step.AWAIT_READY, {}), FAILED, paused(10))
    closed = apply(undoing, undoing.next_event(later(70), Kind.CLOSED, outcome="aborted"))
    assert (closed.paused_at, closed.total_paused_seconds) == (None, 60.0)


def test_a_new_segment_begins_where_it_says() -> None:
    assert told((3000, Kind.CONTINUED, None, {})).segment_since == later(3000)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1e4)), max_size=6), st.floats(0, 1e4))
def test_time_is_either_paused_or_counted(spans: list[tuple[float, float]], rest: float) -> None:
    state, now = begin(accepted()), 0.0
    for running, resting in spans:
        state = apply(state, state.next_event(later(now + running), Kind.PAUSED))
        now += running + resting
        state = apply(state, state.next_event(later(now), Kind.RESUMED))
    counted = sum(running for running, _ in spans) + rest
    assert state.elapsed_seconds(later(now + rest)) == pytest.approx(counted, abs=1e-3)
    assert state.events == 1 + 2 * len(spans)
