"""Policies that cannot work are warned about, where they stand."""

import pytest

from controller.settings import load
from tests.settings.fakes import SPECS


def notes(*lines: str) -> list[str]:
    text = "version: 1\nfleets:\n  web:\n    group: {name: web}\n" + "".join(f"    {line}\n" for line in lines)
    return [str(note).removeprefix("test.yaml:") for note in load(text, "test.yaml", SPECS).warnings]


SLOW = "degraded_when: [{name: x, slow: {metric: queue}, above: 1, for: 15m}]"


def test_a_bake_shorter_than_a_sources_first_reading_is_extended() -> None:
    assert notes(SLOW) == [
        "3:3: the first reading of rule 'x' takes 7m, longer than the bake of 5m: it is extended until then."
    ]
    assert notes(SLOW, "verify: {bake: 7m}") == []


def test_a_deadline_shorter_than_that_proves_nothing() -> None:
    assert notes(SLOW, "verify: {bake: 2m, deadline: 6m}") == [
        "6:34: the first reading of rule 'x' takes 7m, longer than the verify deadline of 6m: nothing is proven."
    ]


def test_for_shorter_than_three_readings_takes_longer_than_it_says() -> None:
    rule = "degraded_when: [{name: x, slow: {metric: queue}, above: 1, for: 599s}]"
    assert notes(rule, "verify: {bake: 7m}") == [
        "5:69: rule 'x': 'for' needs three readings; with a period of 5m that takes 10m."
    ]
    assert notes(rule.replace("599s", "10m"), "verify: {bake: 7m}") == []


@pytest.mark.parametrize(
    ("threshold", "said"),
    [
        ("cpu: {metric: load}, above: 100", "a percentage is never above 100."),
        ("cpu: {metric: load}, above: 99.9", None),
        ("cpu: {metric: load}, below: 0", "a percentage is never below 0."),
        ("overall: {metric: disk_used_percent}, above: 101", "a percentage is never above 101."),
        ("overall: {metric: CPUUtilization}, above: 100", "a percentage is never above 100."),
        ("overall: {metric: celsius}, below: 0", None),
        ("overall: {metric: celsius}, above: 100", None),
    ],
)
def test_a_threshold_that_nothing_can_pass(threshold: str, said: str | None) -> None:
    for key in ("degraded_when", "hold_while"):
        if key == "degraded_when" or threshold.startswith("overall"):
            found = notes(f"{key}: [{{name: x, {threshold}}}]", "max_age: 60d")
            assert [note.partition("rule 'x': ")[2] for note in found] == ([said] if said else [])


def test_a_share_of_all_is_never_exceeded() -> None:
    assert notes("stop_when: {blind_over: 100%}", "max_age: 60d") == [
        "5:29: 'blind_over' of 100% is never exceeded: no trouble is ever the fleet's."
    ]
