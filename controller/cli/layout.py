"""Tables as lines of text: aligned in a pipe, fitted to the terminal otherwise."""

import textwrap
from collections.abc import Sequence

from rich.text import Text

Row = Sequence[str | Text]

GAP = "  "
INDENT = "    "
LEAST_ROOM = 30
"""Cells the last column needs beside the others; with less it goes onto lines of its own."""


def lines(columns: Sequence[str], rows: Sequence[Row], width: int | None = None) -> list[Text]:
    """The table, its heading first. width: of the terminal; None cuts and wraps nothing.

    All columns but the last are short. The last one is prose: it is wrapped in the room beside the others, or, where
    there is too little, below them.
    """
    fixed = [[_text(cell) for cell in row[:-1]] for row in (columns, *rows)]
    prose = [printable(str(row[-1])) for row in (columns, *rows)]
    widths = [max(row[n].cell_len for row in fixed) for n in range(len(columns) - 1)]
    taken = sum(widths) + len(GAP) * len(widths)
    beside = width is None or width - taken >= min(LEAST_ROOM, max(map(len, prose)))
    drawn: list[Text] = []
    for number, (row, words) in enumerate(zip(fixed, prose, strict=True)):
        start = Text(GAP).join(_padded(cell, size) for cell, size in zip(row, widths, strict=True))
        if beside:
            drawn += _beside(start, words, taken, width)
        else:
            drawn += [start, *(_below(words, width or 0) if number else ())]
    for line in drawn:
        line.rstrip()
        if width is not None:
            line.truncate(width, overflow="ellipsis")
    drawn[0].stylize("bold")
    return drawn


def printable(text: str) -> str:
    """The text on one line, fit for a terminal: what comes from telemetry must not move the cursor."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))


def _text(cell: str | Text) -> Text:
    return cell.copy() if isinstance(cell, Text) else Text(printable(cell))


def _padded(cell: Text, size: int) -> Text:
    cell.pad_right(size - cell.cell_len)
    return cell


def _beside(start: Text, words: str, taken: int, width: int | None) -> list[Text]:
    wrapped = textwrap.wrap(words, width - taken) if width is not None else [words]
    first, *more = wrapped or [""]
    return [Text.assemble(start, GAP, first), *(Text(" " * taken + part) for part in more)]


def _below(words: str, width: int) -> list[Text]:
    parts = textwrap.wrap(words, max(width - len(INDENT), LEAST_ROOM))
    return [Text(INDENT + part, style="dim") for part in parts]
