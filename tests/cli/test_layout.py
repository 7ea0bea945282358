"""Tables fit the terminal, keep everything in a pipe, and let no telemetry move the cursor."""

import pytest
from rich.text import Text

from controller.cli.layout import lines, printable
from controller.cli.output import clock_text, span_text, threshold_text, value_text

COLUMNS = ("ID", "STATE", "BECAUSE")
ROWS = [("i-1", "serving", "one reason after another, and yet another one"), ("i-22", "pending", "")]


def drawn(width: int | None) -> list[str]:
    return [line.plain for line in lines(COLUMNS, ROWS, width)]


def test_in_a_pipe_nothing_is_cut() -> None:
    assert drawn(None) == [
        "ID    STATE    BECAUSE",
        "i-1   serving  one reason after another, and yet another one",
        "i-22  pending",
    ]


def test_prose_is_wrapped_beside_the_columns_where_there_is_room() -> None:
    assert drawn(46) == [
        "ID    STATE    BECAUSE",
        "i-1   serving  one reason after another, and",
        "               yet another one",
        "i-22  pending",
    ]


def test_and_below_them_where_there_is_not() -> None:
    assert drawn(40) == [
        "ID    STATE",
        "i-1   serving",
        "    one reason after another, and yet",
        "    another one",
        "i-22  pending",
    ]


@pytest.mark.parametrize("width", range(8, 60))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(line.cell_len for line in lines(COLUMNS, ROWS, width)) <= width


def test_an_empty_table_has_its_heading() -> None:
    assert [line.plain for line in lines(COLUMNS, [], 80)] == ["ID  STATE  BECAUSE"]


def test_what_does_not_print_is_shown_as_a_question_mark() -> None:
    assert printable("a\x1b[2Jb\r\nc\td") == "a?[2Jb c d"
    assert drawn_text(("x\x07", "y", "z\x1b]0;title\x07")) == "x?  y      z?]0;title?"


def drawn_text(row: tuple[str | Text, ...]) -> str:
    return lines(COLUMNS, [row])[1].plain


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0, "0s"), (59.9, "59s"), (61, "1m1s"), (3600, "1h"), (90000, "1d1h"), (8640000, "100d"), (-5, "0s")],
)
def test_lengths_of_time(seconds: float | None, text: str) -> None:
    assert span_text(seconds) == text


def test_moments() -> None:
    assert clock_text("2026-11-23T12:00:00.5Z") == "2026-11-23 12:00:00"
    assert clock_text(None) == "-"


@pytest.mark.parametrize(
    ("value", "unit", "threshold", "texts"),
    [
        (93.1, "%", "above 90", ("93.1 %", "above 90 %")),
        (3600.0, "s", "above 2592000", ("1h", "above 30d")),
        ("impaired", "", "impaired", ("impaired", "impaired")),
        ("ok", "", "impaired or initializing", ("ok", "impaired or initializing")),
        (None, "%", "below 1", ("no row", "below 1 %")),
    ],
)
def test_readings(value: float | str | None, unit: str, threshold: str, texts: tuple[str, str]) -> None:
    evidence = {"value": value, "unit": unit, "threshold": threshold, "reason": "no row"}
    assert (value_text(evidence), threshold_text(evidence)) == texts
