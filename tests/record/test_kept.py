"""What was kept of an instance before it went: whole on the trace, one sentence in the terminal, nowhere else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.lifecycle import Step
from controller.domain.replacement import fold
from controller.record.document import trace_document
from controller.record.kept import MOST_CHARACTERS, kept_notes
from controller.record.waterfall import waterfall
from tests.record import stories
from tests.record.reading import told, values

STOP, DELETE = "docker.ContainerStop", "docker.ContainerDelete"


def pieces(name: str) -> list[dict[str, Any]]:
    return [values(event.attributes) for event in told("tampered")[STOP].events if event.name == name]


def test_it_hangs_on_the_call_that_ended_the_instance_in_pieces_that_backends_keep() -> None:
    spans = told("tampered")
    names = [event.name for event in spans[STOP].events]
    assert names[0] == "evidence.kept"
    assert set(names[1:]) == {
        "evidence.logs",
        "evidence.inspect",
        "evidence.stats",
        "evidence.changes",
        "evidence.missing",
    }
    assert not spans[DELETE].events
    logs = pieces("evidence.logs")
    assert len(logs) > 1
    assert [item["repave.kept.piece"] for item in logs] == [*range(1, len(logs) + 1)]
    assert {item["repave.kept.pieces"] for item in logs} == {len(logs)}
    assert all(len(item["repave.kept.text"]) <= MOST_CHARACTERS for item in logs)
    assert "\n".join(item["repave.kept.text"] for item in logs).split("\n") == stories.KEPT["logs"]["lines"]
    (inspect,) = pieces("evidence.inspect")
    assert json.loads(inspect["repave.kept.text"]) == stories.KEPT["inspect"]
    (changes,) = pieces("evidence.changes")
    assert changes["repave.kept.text"] == "C /etc\nA /etc/cron.d/x"


def test_the_first_note_says_how_much_there_is() -> None:
    (kept,) = pieces("evidence.kept")
    assert kept == {
        "repave.kept.log_lines": 150,
        "repave.kept.log_lines.cut": 50,
        "repave.kept.changed_paths": 2,
        "repave.kept.memory_bytes": 8_000_000,
        "repave.kept.memory_limit_bytes": 67_108_864,
        "repave.kept.pids": 2,
        "repave.kept.cpu_seconds": 1.5,
        "repave.kept.missing": ["top"],
    }


def test_the_calls_arguments_are_told_without_it() -> None:
    asked = values(told("tampered")[STOP].attributes)["repave.call.arguments"]
    assert json.loads(asked) == {"container": "ab12", "stop_seconds": 10}


def test_a_terminal_gets_one_sentence_and_the_document_everything() -> None:
    events = stories.tampered()
    drawn = [line.text.strip() for line in waterfall(events, events[-1].at, 120)]
    sentence = "kept: 150 lines of log, 2 changed paths, 7.629 of 64 MiB of memory; not to be had: top"
    assert drawn.count(sentence) == 1
    assert not any("line 7 " in line for line in drawn)
    document = trace_document(events, events[-1].at).model_dump_json()
    assert all(line in document for line in stories.KEPT["logs"]["lines"])
    assert "docker.ContainerTop: container is not running (409)" in document


def test_whoever_goes_on_with_the_replacement_does_not_carry_it() -> None:
    (stop, _delete) = [call for call in fold(stories.tampered()).calls if call.step is Step.TERMINATE]
    assert stop.arguments == {"container": "ab12", "stop_seconds": 10}


@pytest.mark.parametrize("arguments", [None, [], {}, {"evidence": None}, {"evidence": []}, {"evidence": "all of it"}])
def test_where_nothing_was_kept_there_is_nothing(arguments: object) -> None:
    assert kept_notes(arguments, stories.START) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PARTS = st.dictionaries(st.sampled_from(["logs", "stats", "changes", "top", "missing", "inspect", "odd"]), JSON)
INNER = st.dictionaries(st.sampled_from(["lines", "paths", "count", "cut", "memory_bytes", "memory_limit_bytes"]), JSON)


@given(PARTS | st.dictionaries(st.sampled_from(["logs", "stats", "changes", "top"]), INNER, min_size=1))
def test_whatever_was_kept_it_can_be_drawn(kept: dict[str, Any]) -> None:
    story = stories.Story().called(STOP, None, {"evidence": kept})
    waterfall(story.events, story.events[-1].at, 100)
    trace_document(story.events, story.events[-1].at)
    assert (kept_notes({"evidence": kept}, stories.START) == ()) == (not kept)


def test_a_line_that_fits_in_no_piece_is_cut_and_not_lost() -> None:
    lines = ["a" * 9_000, "b", "c" * 3_999]
    texts = [
        note.attributes["repave.kept.text"]
        for note in kept_notes({"evidence": {"logs": {"lines": lines}}}, stories.START)
        if note.name == "evidence.logs"
    ]
    assert [len(text) for text in texts] == [4_000, 4_000, 1_002, 3_999]
    assert "".join(texts).replace("\n", "") == "".join(lines)
