"""What a person sees. The golden pictures are read by people: look at the change before accepting it."""

from datetime import timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from controller.domain.lifecycle import Kind, Step
from controller.record.document import trace_document
from controller.record.story import story
from controller.record.trace import trace_id_of
from controller.record.waterfall import Style, rows, waterfall
from controller.record.words import duration, side_text
from tests.record import stories

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("name", stories.STORIES)
def test_the_picture_of_a_whole_story(name: str) -> None:
    events = stories.STORIES[name]()
    drawn = "".join(f"{line.text}\n" for line in waterfall(events, events[-1].at, 100))
    assert drawn == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_what_is_open_is_drawn_up_to_now() -> None:
    events = stories.replaced()
    draining = next(end for end, event in enumerate(events) if event.step is Step.DRAIN)
    lines = waterfall(events[: draining + 1], events[draining].at + timedelta(seconds=20), 100)
    open_lines = [line.text for line in lines if line.style is Style.OPEN]
    assert [text.split()[0] for text in open_lines] == ["replace", "drain"]
    assert all("…" in text and text.endswith("…") for text in open_lines)
    assert " 20s… " in open_lines[1]
    assert "under way" in lines[2].text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 132, 200])
@pytest.mark.parametrize("name", stories.STORIES)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    events = stories.STORIES[name]()
    assert max(cell_len(line.text) for line in waterfall(events, events[-1].at, width)) <= width


def test_a_terminal_cannot_be_driven_by_what_telemetry_says() -> None:
    evil = "\x1b[2J\x07\u202eoops\nsecond line"
    story_ = stories.Story(fleet=f"web{evil}", evidence=[{**stories.EVIDENCE[0], "value": evil}])
    events = story_.then(1, Kind.FAILED, Step.LAUNCH, reason=evil, error_type="x", outcome="failed").events
    drawn = "\n".join(line.text for line in waterfall(events, events[-1].at, 200))
    assert "oops second line" in drawn
    assert all(character == "\n" or character.isprintable() for character in drawn)


def test_wide_characters_are_measured_in_cells() -> None:
    events = stories.Story(fleet="東京の艦隊").events
    lines = waterfall(events, events[-1].at + timedelta(seconds=9), 60)
    assert max(cell_len(line.text) for line in lines) <= 60
    bars = [line.text for line in lines if line.style in (Style.OK, Style.OPEN)]
    assert len({cell_len(text[: text.rindex("s")]) for text in bars}) == 1


@pytest.mark.parametrize("name", stories.STORIES)
def test_picture_document_and_trace_tell_of_the_same_spans(name: str) -> None:
    events = stories.STORIES[name]()
    for end in range(1, len(events) + 1):
        spans = {span.span_id: span for span in story(events[:end])}
        document = trace_document(events[:end], events[end - 1].at)
        assert {span.span_id for span in document.spans} == spans.keys()
        for told in document.spans:
            span = spans[told.span_id]
            assert (told.started_at, told.ended_at, told.error) == (span.start_at, span.end_at, span.error)
            assert told.attributes == dict(span.attributes)
        assert [(row.start_at, row.end_at) for row in rows(events[:end])] == [
            (told.started_at, told.ended_at) for told in document.spans
        ]


def test_the_document_says_what_is_complete() -> None:
    events = stories.long_lived()
    whole = trace_document(events, events[-1].at)
    assert whole.complete
    assert whole.trace_ids == [trace_id_of(whole.replacement, segment) for segment in (1, 2, 3)]
    assert [len(span.links) for span in whole.spans if span.parent_span_id is None] == [0, 1, 1]
    part = trace_document(events[:3], events[2].at + timedelta(seconds=5))
    assert not part.complete
    root = part.spans[0]
    assert (root.status, root.ended_at) == ("open", None)
    assert root.duration_seconds == pytest.approx((events[2].at - events[0].at).total_seconds() + 5)
    assert part.model_dump(mode="json")["spans"][0]["ended_at"] is None


def test_an_empty_story_draws_nothing() -> None:
    assert waterfall([], stories.START, 80) == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0s"),
        (0.34, "0.3s"),
        (42.4, "42s"),
        (59.6, "1m 00s"),
        (252, "4m 12s"),
        (3780, "1h 03m"),
        (2592000, "30d 0h"),
        (float("nan"), "?"),
        (None, "?"),
    ],
)
def test_durations_as_people_say_them(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


def test_ages_are_told_as_durations() -> None:
    aged = {
        **stories.EVIDENCE[0],
        "rule": "max_image_age",
        "value": 7171200.0,
        "unit": "s",
        "threshold": "above 2.592e+06",
        "for_seconds": 0.0,
    }
    (row,) = [row for row in rows(stories.Story(evidence=[aged]).events) if row.name == "observe"]
    assert row.notes == ("max_image_age: 83d 0h (breached, above 30d 0h)",)


ASKED = {"rule": "errors", "threshold": "above 5", "unit": "%"}


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (
            {"side": "successor", "readings": 1, "breached": 0, "min": 0.0, "max": 0.0, "last": 0.0},
            "successor: errors: 0 % (1 reading, 0 breached, above 5)",
        ),
        (
            {"side": "successor", "readings": 2, "breached": 1, "last": "impaired"},
            "successor: errors: impaired % (2 readings, 1 breached, above 5)",
        ),
        ({"side": "successor", "readings": 0, "reason": "no row"}, "successor: errors: no row"),
        ({"side": "predecessor", "outcome": "unknown", "reason": "no row"}, "predecessor: errors: unknown (no row)"),
        ({"side": "siblings", "instances": 2, "breached": 2}, "siblings: errors: 2 of 2 breached"),
    ],
)
def test_the_sides_of_a_verification_in_words(item: dict[str, object], text: str) -> None:
    assert side_text({**ASKED, **item}) == text
