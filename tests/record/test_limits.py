"""What backends would cut in silence is cut here, and counted."""

import json
from typing import Any

import pytest

from controller.record.limits import MOST_ATTRIBUTES, MOST_CHARACTERS, MOST_ELEMENTS, MOST_NOTES, bounded
from controller.record.story import story
from tests.record import stories


def test_texts_are_cut_to_what_new_relic_keeps() -> None:
    assert bounded({"q": "x" * 4_095}) == {"q": "x" * 4_095}
    cut = bounded({"q": "x" * 5_000})
    assert len(str(cut["q"])) == MOST_CHARACTERS == 4_095
    assert cut["q.cut"] == 5_000 - 4_094


def test_arrays_are_cut_to_64_elements() -> None:
    assert bounded({"a": list(range(64))}) == {"a": tuple(range(64))}
    cut = bounded({"a": list(range(100))})
    assert cut == {"a": tuple(range(MOST_ELEMENTS)), "a.cut": 36}


def test_attributes_are_counted_when_there_are_too_many() -> None:
    cut = bounded({f"a{number:03d}": number for number in range(200)})
    assert len(cut) == MOST_ATTRIBUTES + 1
    assert cut["repave.attributes.cut"] == 200 - MOST_ATTRIBUTES


def test_evidence_beyond_the_limit_is_cut_with_its_count() -> None:
    events = stories.Story(evidence=[{**stories.EVIDENCE[0], "rule": f"rule {number}"} for number in range(100)]).events
    observe = next(span for span in story(events) if span.name == "observe")
    assert len(observe.notes) == MOST_NOTES == 64
    assert observe.attributes["repave.events.cut"] == 36


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, True),
        (3, 3),
        (2**63, str(2**63)),
        (float("nan"), "nan"),
        ({"b": 1, "a": [2]}, '{"a": [2], "b": 1}'),
        ([1, 2.5], ("1", "2.5")),
        (["a", None], ("a", "null")),
        ([{"a": 1}, {"b": 2}], ('{"a": 1}', '{"b": 2}')),
        ([[1], [2]], ("[1]", "[2]")),
        ([], ()),
        ("lone \ud800 surrogate", "lone ? surrogate"),
    ],
)
def test_values_become_what_otlp_and_json_can_carry(value: Any, kept: Any) -> None:
    found = bounded({"k": value})["k"]
    assert found == kept
    assert type(found) is type(kept)
    json.dumps(found, allow_nan=False)


def test_nothing_is_left_out_but_none_and_names_are_in_order() -> None:
    assert list(bounded({"b": 1, "c": None, "a": ""})) == ["a", "b"]
