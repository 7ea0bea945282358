"""The state machine's table: what it allows, what it forbids, and that every road ends."""

from itertools import product

import pytest

from controller.domain.errors import IllegalTransition
from controller.domain.lifecycle import ASIDE, IN_STEP, NEXT_STEP, TABLE, Kind, Phase, Step, advance, diagram

OPEN = [phase for phase in Phase if phase is not Phase.CLOSED]
EVERY = list(product(Phase, (None, *Step), Kind))
HAPPY = [
    (Step.LAUNCH, Kind.STARTED, Phase.LAUNCHING),
    (Step.LAUNCH, Kind.SUCCEEDED, Phase.LAUNCHED),
    (Step.AWAIT_READY, Kind.STARTED, Phase.AWAITING_READY),
    (Step.AWAIT_READY, Kind.SUCCEEDED, Phase.READY),
    (Step.VERIFY, Kind.STARTED, Phase.VERIFYING),
    (Step.VERIFY, Kind.SUCCEEDED, Phase.VERIFIED),
    (Step.DRAIN, Kind.STARTED, Phase.DRAINING),
    (Step.DRAIN, Kind.SUCCEEDED, Phase.DRAINED),
    (Step.TERMINATE, Kind.STARTED, Phase.TERMINATING),
    (Step.TERMINATE, Kind.SUCCEEDED, Phase.TERMINATED),
    (None, Kind.CLOSED, Phase.CLOSED),
]


def after(phase: Phase) -> set[Phase]:
    return {to for (since, _, _), to in TABLE.items() if since is phase}


def reachable(phase: Phase) -> set[Phase]:
    found, waiting = {phase}, [phase]
    while waiting:
        new = after(waiting.pop()) - found
        found |= new
        waiting += new
    return found


def test_what_is_not_in_the_table_is_illegal() -> None:
    legal = set()
    for phase, step, kind in EVERY:
        try:
            advance(phase, step, kind)
        except IllegalTransition:
            continue
        legal.add((phase, step, kind))
    aside = {(phase, step, kind) for phase, step, kind in EVERY if kind in ASIDE and phase is not Phase.CLOSED}
    assert legal == set(TABLE) | aside
    assert not set(TABLE) & aside


def test_the_way_there_is_the_one_the_steps_name() -> None:
    phase = Phase.ACCEPTED
    for step, kind, expected in HAPPY:
        if step is not None:
            assert NEXT_STEP[phase] is step
        phase = advance(phase, step, kind)
        assert phase is expected
    assert phase is Phase.CLOSED


@pytest.mark.parametrize("phase", OPEN)
def test_every_open_phase_can_still_be_closed(phase: Phase) -> None:
    assert Phase.CLOSED in reachable(phase)


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_can_be_come_to(phase: Phase) -> None:
    assert phase in reachable(Phase.ACCEPTED)


@pytest.mark.parametrize("phase", sorted(IN_STEP))
def test_a_phase_in_which_a_step_runs_has_a_way_back(phase: Phase) -> None:
    assert advance(phase, NEXT_STEP[phase], Kind.FAILED) is Phase.UNDOING


@pytest.mark.parametrize("phase", [Phase.ACCEPTED, Phase.VERIFIED, Phase.DRAINED])
def test_a_look_before_a_step_can_turn_back(phase: Phase) -> None:
    assert advance(phase, NEXT_STEP[phase], Kind.FAILED) is Phase.UNDOING


def test_nothing_but_failure_leads_back_and_nothing_leads_forward_again() -> None:
    assert {kind for (_, _, kind), to in TABLE.items() if to is Phase.UNDOING} == {Kind.FAILED, Kind.UNDONE}
    assert reachable(Phase.UNDOING) == {Phase.UNDOING, Phase.UNDONE, Phase.CLOSED}


@pytest.mark.parametrize(("phase", "step", "kind"), [item for item in EVERY if item[2] in ASIDE])
def test_what_happens_aside_moves_nothing(phase: Phase, step: Step | None, kind: Kind) -> None:
    if phase is Phase.CLOSED:
        with pytest.raises(IllegalTransition, match=f"{kind} after the replacement was closed"):
            advance(phase, step, kind)
    else:
        assert advance(phase, step, kind) is phase


def test_every_phase_on_the_way_knows_its_step() -> None:
    back = {Phase.TERMINATED, Phase.UNDOING, Phase.UNDONE, Phase.CLOSED}
    assert set(NEXT_STEP) == set(Phase) - back
    assert set(IN_STEP) == {advance(phase, step, Kind.STARTED) for phase, step, kind in TABLE if kind is Kind.STARTED}


def test_an_illegal_event_is_named() -> None:
    with pytest.raises(IllegalTransition, match="drain started is not allowed in phase launched"):
        advance(Phase.LAUNCHED, Step.DRAIN, Kind.STARTED)
    with pytest.raises(IllegalTransition, match="closed is not allowed in phase accepted"):
        advance(Phase.ACCEPTED, None, Kind.CLOSED)


def test_the_diagram_has_one_arrow_for_each_row() -> None:
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert len([line for line in lines if "-->" in line]) == len(TABLE) + 2
    assert "    undoing --> undoing: drain undone" in lines
    assert "    undoing --> closed: closed" in lines
