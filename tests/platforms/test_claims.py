"""Whose a newcomer is, and what a group's state says about a call that nobody saw return."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.lifecycle import Kind, Step
from controller.domain.ports import Work
from controller.domain.replacement import Call, Replacement, apply
from controller.platforms.asg.claims import (
    SET,
    TERMINATE,
    Evidence,
    Surge,
    choose,
    claimed_by_others,
    in_doubt_elsewhere,
    lowering_evidence,
    newcomers,
    surge_evidence,
    surge_of,
    surplus,
    termination_evidence,
    waiting_surges,
)
from controller.platforms.asg.group import GroupView
from tests.platforms.driver import accepted
from tests.platforms.groups import T0
from tests.platforms.test_capacity import ZONES, member, view

OLD = [member(f"i-{number}", ZONES[number % 3]) for number in range(3)]


def surge(was: int = 3, known: int = 3, *, certain: bool = False) -> Surge:
    return Surge(was, frozenset(f"i-{number}" for number in range(known)), certain, 3, T0)


def call(name: str, outcome: str | None, **arguments: object) -> Call:
    return Call(Step.LAUNCH, 0, name, arguments, T0, outcome)


def launching(
    replacement_id: str, predecessor: str, outcome: str | None, known: list[str], was: int = 3
) -> Replacement:
    """A replacement in its launch, whose call for one more came out like this."""
    ours = accepted(replacement_id, predecessor, "a")
    ours = apply(ours, ours.next_event(T0, Kind.STARTED, Step.LAUNCH))
    asked = call(SET, outcome, was=was, desired=was + 1, members=known, serving=3)
    return replace(ours, calls=(asked,))


def work(ours: Replacement, *others: Replacement) -> Work:
    async def never(*_: object) -> None:
        raise AssertionError

    return Work(ours, others, never, T0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("desired", "unclaimed", "expected"),
    [
        (3, 0, Evidence.DID_NOT),
        (4, 0, Evidence.HAPPENED),
        (4, 1, Evidence.HAPPENED),
        (5, 1, Evidence.HAPPENED),
        (3, 1, Evidence.AMBIGUOUS),
        (2, 0, Evidence.AMBIGUOUS),
        (5, 0, Evidence.AMBIGUOUS),
        (4, 2, Evidence.AMBIGUOUS),
    ],
)
def test_a_surge_in_doubt_is_told_by_the_desired_capacity_and_the_newcomers(
    desired: int, unclaimed: int, expected: Evidence
) -> None:
    assert surge_evidence(surge(), view(OLD, desired), unclaimed) is expected


@given(st.integers(0, 9), st.integers(0, 5))
def test_what_aws_confirmed_is_not_doubted_whatever_the_numbers_say(desired: int, unclaimed: int) -> None:
    assert surge_evidence(surge(certain=True), view(OLD, desired), unclaimed) is Evidence.HAPPENED


@given(st.integers(1, 9), st.integers(-2, 3), st.integers(0, 5))
def test_a_surge_is_repeated_only_when_nothing_at_all_has_changed(was: int, moved: int, unclaimed: int) -> None:
    evidence = surge_evidence(surge(was), view(OLD, was + moved), unclaimed)
    assert (evidence is Evidence.DID_NOT) == (moved == unclaimed == 0)


@pytest.mark.parametrize(
    ("outcome", "stays", "desired", "expected"),
    [
        ("ok", True, 4, Evidence.HAPPENED),
        ("failed", False, 4, Evidence.DID_NOT),
        ("unknown", True, 4, Evidence.DID_NOT),
        ("unknown", True, 5, Evidence.DID_NOT),
        ("unknown", False, 3, Evidence.HAPPENED),
        (None, False, 3, Evidence.HAPPENED),
        ("unknown", False, 4, Evidence.AMBIGUOUS),
        ("unknown", False, 2, Evidence.AMBIGUOUS),
    ],
)
@pytest.mark.parametrize("lifecycle", ["Terminating", "Terminating:Wait", "Terminating:Proceed", None])
def test_a_termination_in_doubt_is_told_by_the_member_and_the_desired_capacity(
    outcome: str | None, stays: bool, desired: int, expected: Evidence, lifecycle: str | None
) -> None:
    shown = "InService" if stays else lifecycle
    leaver = [member("i-9", "a", shown)] if shown else []
    ended = call(TERMINATE, outcome, instance="i-9", desired=4)
    assert termination_evidence(ended, view([*OLD, *leaver], desired)) is expected


@pytest.mark.parametrize(
    ("outcome", "desired", "expected"),
    [
        ("ok", 9, Evidence.HAPPENED),
        ("failed", 3, Evidence.DID_NOT),
        ("unknown", 3, Evidence.HAPPENED),
        ("unknown", 4, Evidence.DID_NOT),
        ("unknown", 5, Evidence.AMBIGUOUS),
    ],
)
def test_a_lowering_in_doubt_is_told_by_the_desired_capacity(outcome: str, desired: int, expected: Evidence) -> None:
    lowered = call(SET, outcome, desired=3, was=4)
    assert lowering_evidence(lowered, view(OLD, desired)) is expected


def test_refused_calls_are_no_surge() -> None:
    assert surge_of(launching("r-1", "i-0", "failed", [])) is None
    assert surge_of(accepted("r-1", "i-0", "a")) is None


def test_the_newest_call_that_may_have_happened_is_the_surge() -> None:
    ours = launching("r-1", "i-0", "unknown", ["i-0"], was=3)
    again = launching("r-1", "i-0", "ok", ["i-0", "i-1"], was=5)
    both = replace(ours, calls=(*ours.calls, *again.calls))
    found = surge_of(both)
    assert found is not None
    assert (found.was, sorted(found.members), found.certain) == (5, ["i-0", "i-1"], True)


def test_newcomers_stay_and_are_nobodys() -> None:
    here = view([*OLD, member("i-7"), member("i-8", "a", "Terminating"), member("i-9")])
    assert [one.id for one in newcomers(here, {"i-0", "i-1", "i-2"}, {"i-9"})] == ["i-7"]


@given(st.permutations([member("i-8", "b"), member("i-7", "c"), member("i-9", "a")]))
def test_of_several_newcomers_always_the_same_is_ours(found: list[object]) -> None:
    chosen = choose(found, (), "a")  # type: ignore[arg-type]
    assert chosen is not None
    assert chosen.id == "i-9"


def test_a_newcomer_that_only_we_can_claim_comes_first() -> None:
    """The later surge knew i-8 as a member already: should we take i-9, nobody could ever claim i-8."""
    later = surge(known=3)
    later = replace(later, members=later.members | {"i-8"})
    chosen = choose([member("i-9", "a"), member("i-8", "b")], (later,), "a")
    assert chosen is not None
    assert chosen.id == "i-8"


def test_each_of_two_surges_finds_a_newcomer_whoever_looks_first() -> None:
    arrived = [member("i-8", "a"), member("i-9", "a")]
    here = view([*OLD, *arrived], 5)
    known = [one.id for one in OLD]
    pair = [launching("r-1", "i-0", "ok", known), launching("r-2", "i-1", "ok", [*known, "i-8"], was=4)]
    for first, second in permutations(pair):
        taken: dict[str, str] = {}
        for ours, other in ((first, second), (second, first)):
            mine = surge_of(ours)
            assert mine is not None
            found = newcomers(here, mine.members, taken)
            chosen = choose(found, waiting_surges(work(ours, other)), "a")
            assert chosen is not None
            taken[chosen.id] = ours.id
        assert len(taken) == 2


def test_what_others_have_yet_to_find_is_not_evidence_for_ours() -> None:
    known = [one.id for one in OLD]
    other = launching("r-2", "i-1", "ok", known)
    ours = surge(was=4)
    one, two = view([*OLD, member("i-8")], 5), view([*OLD, member("i-8"), member("i-9")], 5)
    waiting = waiting_surges(work(accepted("r-1", "i-0", "a"), other))
    assert surplus(one, ours, waiting, ()) == 0
    assert surplus(two, ours, waiting, ()) == 1


def test_what_came_for_another_before_our_call_is_not_counted_against_ours() -> None:
    known = [one.id for one in OLD]
    other = launching("r-2", "i-1", "ok", known)
    ours = replace(surge(was=4), members=frozenset([*known, "i-8"]))
    here = view([*OLD, member("i-8"), member("i-9")], 5)
    assert surplus(here, ours, waiting_surges(work(accepted("r-1", "i-0", "a"), other)), ()) == 1


@pytest.mark.parametrize(
    ("outcome", "desired", "blocks"),
    [("unknown", 3, True), ("unknown", 4, True), ("unknown", 9, False), ("ok", 4, False)],
)
def test_nobody_changes_capacity_while_anothers_change_can_still_be_told(
    outcome: str, desired: int, blocks: bool
) -> None:
    other = launching("r-2", "i-1", outcome, [one.id for one in OLD])
    here: GroupView = view(OLD, desired)
    assert in_doubt_elsewhere(work(accepted("r-1", "i-0", "a"), other), here) == ("r-2" if blocks else None)


def test_what_others_began_with_ended_with_or_give_back_is_theirs() -> None:
    other = launching("r-2", "i-1", "ok", [one.id for one in OLD])
    giving_back = replace(call(TERMINATE, "ok", instance="i-8", desired=5), step=None)
    other = replace(other, successor="i-9", calls=(*other.calls, giving_back))
    assert claimed_by_others(work(accepted("r-1", "i-0", "a"), other)) == {"i-1", "i-8", "i-9"}


def test_another_groups_doubts_are_not_ours() -> None:
    other = replace(launching("r-2", "i-1", "unknown", [one.id for one in OLD]), group="api")
    assert in_doubt_elsewhere(work(accepted("r-1", "i-0", "a"), other), view(OLD)) is None
    assert waiting_surges(work(accepted("r-1", "i-0", "a"), other)) == ()
