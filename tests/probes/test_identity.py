"""Whose row is it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.model import Signal, Unknown
from controller.domain.policy import Missing
from probes._identity import KEYS, NAMELESS, Names, Row, match, shown
from probes._rows import Asked, of_fleet, per_instance
from tests.probes.asking import asking
from tests.probes.fleet import NOW, instance

A = instance("i-0a", names=("ip-10-0-0-1.eu-west-1.compute.internal", "ip-10-0-0-1", "10.0.0.1", "2001:db8::1"))
B = instance("i-0b", names=("ip-10-0-0-2", "10.0.0.2"))
FLEET = (A, B)


def row(value: float = 1.0, /, **labels: str) -> Row:
    return Row({name.replace("__", "."): label for name, label in labels.items()}, {NOW: value})


@pytest.mark.parametrize(
    "name",
    [
        "i-0a",
        "I-0A",
        "10.0.0.1",
        "10.0.0.1:9100",
        "2001:db8::1",
        "[2001:db8::1]:9100",
        "[2001:DB8::1]:9100",
        "ip-10-0-0-1",
        "IP-10-0-0-1:80",
        "ip-10-0-0-1.eu-west-1.compute.internal.",
    ],
)
def test_a_name_is_found_whatever_its_case_its_port_and_its_last_dot(name: str) -> None:
    assert Names(FLEET).owners(name) == {"i-0a"}


@pytest.mark.parametrize(
    "name",
    ["", "i-0", "i-0ab", "10.0.0.11", "10.0.0.1:99999999", "10.0.0", "ip-10-0-0-1.example.org", ":9100", "i-0a "],
)
def test_a_name_that_is_only_nearly_somebodys_is_nobodys(name: str) -> None:
    assert Names(FLEET).owners(name) == frozenset()


def test_letter_for_letter_goes_before_case() -> None:
    names = Names((instance("Web"), instance("web")))
    assert names.owners("Web") == {"Web"}
    assert names.owners("web") == {"web"}
    assert names.owners("WEB") == {"Web", "web"}


@pytest.mark.parametrize("key", KEYS)
def test_the_usual_labels_are_tried_in_their_order(key: str) -> None:
    later = dict.fromkeys(KEYS[KEYS.index(key) + 1 :], "i-0b")
    assert match([Row({key: "i-0a", **later}, {})], FLEET, None).rows.keys() == {"i-0a"}


def test_only_the_first_label_that_is_there_counts() -> None:
    found = match([row(instance_id="i-stranger", host="10.0.0.1")], FLEET, None)
    assert (dict(found.rows), found.unmatched) == ({}, ["i-stranger"])


def test_a_declared_label_is_the_only_one() -> None:
    found = match([row(node="10.0.0.2", instance_id="i-0a"), row(instance_id="i-0a")], FLEET, "node")
    assert (list(found.rows), found.unmatched) == (["i-0b"], [NAMELESS])


def test_what_the_source_calls_a_name_can_always_be_shown() -> None:
    assert shown("\ud800\x1b[31m\n" + "x" * 1000).isprintable()
    assert len(shown("x" * 1000)) < 130
    assert shown("") == NAMELESS


# --- from rows to answers --------------------------------------------------------------------------------------------

ASKED = Asked("errors", "%", 30, 5)
REQUEST = asking("errors", *FLEET)


def reason(rows: list[Row], of: str = "i-0a", **more: object) -> str:
    found = per_instance(rows, more.get("life"), more.get("request", REQUEST), more.get("asked", ASKED))[of]  # type: ignore[arg-type]
    assert isinstance(found, Unknown)
    return found.reason


def test_readings_come_oldest_first_with_what_the_source_says_of_itself() -> None:
    points = {NOW: 3.0, NOW - timedelta(seconds=60): 1.0, NOW - timedelta(seconds=30): 2.0}
    signal = per_instance([Row({"host": "i-0a"}, points)], None, REQUEST, ASKED)["i-0a"]
    assert isinstance(signal, Signal)
    assert [reading.value for reading in signal.readings] == [1.0, 2.0, 3.0]
    assert (signal.query, signal.unit, signal.period_seconds, signal.lag_seconds) == ("errors", "%", 30, 5)


def test_the_same_said_twice_is_said_once_and_what_differs_is_no_evidence() -> None:
    twice = per_instance([row(host="i-0a"), row(host="10.0.0.1")], None, REQUEST, ASKED)["i-0a"]
    assert isinstance(twice, Signal)
    assert "contradict" in reason([row(1.0, host="i-0a"), row(2.0, host="10.0.0.1")])


def test_a_name_of_two_instances_makes_both_unknown_though_one_has_a_row_of_its_own() -> None:
    shared = (instance("i-0a", names=("10.0.0.9",)), instance("i-0b", names=("10.0.0.9",)))
    request = asking("errors", *shared)
    rows = [row(host="10.0.0.9"), row(host="i-0a")]
    for one in ("i-0a", "i-0b"):
        assert "fits i-0a and i-0b" in reason(rows, one, request=request)


def test_what_is_older_than_the_instance_was_measured_on_another() -> None:
    born = instance("i-0a", names=("10.0.0.1",), launched_at=NOW - timedelta(seconds=40))
    points = {NOW - timedelta(seconds=60): 99.0, NOW - timedelta(seconds=30): 1.0, NOW + timedelta(seconds=1): 99.0}
    signal = per_instance([Row({"host": "10.0.0.1"}, points)], None, asking("errors", born), ASKED)["i-0a"]
    assert isinstance(signal, Signal)
    assert [reading.value for reading in signal.readings] == [1.0]
    assert "no row" in reason(
        [Row({"host": "10.0.0.1"}, dict.fromkeys([NOW - timedelta(60)], 9.0))], request=asking("e", born)
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_unknown_now_and_a_gap_before(value: float) -> None:
    assert "no number" in reason([row(value, host="i-0a")])
    points = {NOW - timedelta(seconds=30): value, NOW: 1.0}
    signal = per_instance([Row({"host": "i-0a"}, points)], None, REQUEST, ASKED)["i-0a"]
    assert isinstance(signal, Signal)
    assert len(signal.readings) == 1


def test_who_has_no_row_is_told_whom_the_rows_name() -> None:
    assert reason([]) == "the source has no row for it"
    assert "nobody here is called web-7" in reason([row(host="web-7")])
    assert "name nobody" in reason([row(pod="web-7")])


def test_coverage_counts_whom_the_source_knows_and_lists_a_few_whom_nobody_knows() -> None:
    rows = [row(host="i-0a"), *(row(host=f"web-{number}") for number in range(30)), row(host="web-1")]
    coverage = per_instance(rows, None, REQUEST, ASKED).coverage("errors", "metrics_eu")
    assert (coverage.resolved, coverage.of, coverage.unmatched_count) == (1, 2, 30)
    assert coverage.unmatched == tuple(f"web-{number}" for number in range(10))


# --- no row is not zero ----------------------------------------------------------------------------------------------

ZERO = asking("errors", *FLEET, missing=Missing.ZERO)


def test_an_absent_row_is_zero_only_where_and_when_life_is_proven() -> None:
    then = NOW - timedelta(seconds=30)
    life = [Row({"host": "i-0a"}, {then: 1.0, NOW: 1.0}), Row({"host": "i-0b"}, {then: 0.0})]
    found = per_instance([Row({"host": "i-0a"}, {NOW: 7.0})], life, ZERO, ASKED)
    first = found["i-0a"]
    assert isinstance(first, Signal)
    assert [reading.value for reading in first.readings] == [0.0, 7.0]
    assert "nor a proof of life" in reason([], "i-0b", life=life, request=ZERO)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_only_a_number_above_zero_proves_life(value: float) -> None:
    assert "proof of life" in reason([], life=[row(value, host="i-0a")], request=ZERO)


def test_a_proof_that_contradicts_itself_proves_nothing() -> None:
    life = [row(1.0, host="i-0a"), row(0.0, host="10.0.0.1")]
    assert "proof of life" in reason([], life=life, request=ZERO)


def test_life_makes_no_zero_where_the_rule_does_not_say_so_or_the_answer_was_cut_off() -> None:
    life = [row(1.0, host="i-0a")]
    assert "no row" in reason([], life=life)
    cut = Asked("errors", cut_off="the answer was cut off at 5000")
    assert "cut off" in reason([], life=life, request=ZERO, asked=cut)


# --- the fleet as a whole --------------------------------------------------------------------------------------------


def test_a_fleet_has_one_row_whatever_it_is_called() -> None:
    signal = of_fleet([row(5.0)], REQUEST, ASKED)
    assert isinstance(signal, Signal)
    assert signal.latest.value == 5.0
    for rows in ([], [row(host="a"), row(host="b")]):
        assert isinstance(of_fleet(rows, REQUEST, ASKED), Unknown)


NAMES = st.sampled_from(["i-0a", "i-0b", "10.0.0.1", "10.0.0.2:80", "stranger", "", "\ud800"])
LABELS = st.dictionaries(st.sampled_from([*KEYS, "job"]), NAMES, max_size=3)
POINTS = st.dictionaries(
    st.integers(-300, 300).map(lambda seconds: NOW + timedelta(seconds=seconds)), st.floats(), max_size=4
)
ROWS = st.lists(st.builds(Row, LABELS, POINTS), max_size=6)


@given(rows=ROWS, life=st.none() | ROWS, missing=st.sampled_from(Missing))
def test_every_instance_gets_one_honest_answer_whatever_the_rows(
    rows: list[Row], life: list[Row] | None, missing: Missing
) -> None:
    found = per_instance(rows, life, asking("errors", *FLEET, missing=missing), ASKED)
    assert found.keys() == {"i-0a", "i-0b"}
    told = {value for one in [*rows, *(life or [])] for value in one.points.values()} | {0.0}
    for answer in found.values():
        if isinstance(answer, Unknown):
            assert answer.reason.isprintable()
            continue
        values = [reading.value for reading in answer.readings]
        times = [reading.measured_at for reading in answer.readings]
        assert values
        assert set(values) <= told
        assert times == sorted(set(times))
        assert times[-1] <= NOW
        assert 0.0 not in values or life is not None or any(0.0 in one.points.values() for one in rows)
