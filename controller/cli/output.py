"""How results reach people and scripts: coloured tables on a terminal, aligned text in a pipe, JSON when asked."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from controller.cli.layout import Row, lines

JSON_OPTION_HELP = "Print JSON (its shape is in docs/json.md)."

STYLES: Mapping[str, str] = {
    "healthy": "green",
    "aged": "yellow",
    "drifted": "yellow",
    "degraded": "red",
    "tampered": "bold red",
    "blind": "magenta",
    "keep": "green",
    "replace": "bold cyan",
    "hold": "yellow",
    "replaced": "green",
    "superseded": "yellow",
    "failed": "bold red",
    "aborted": "red",
    "improved": "green",
    "same": "yellow",
    "worse": "red",
    "breached": "red",
    "unknown": "magenta",
    "ok": "green",
}
"""The colour of each word that says how something is."""

NOTHING = "-"


def console() -> Console:
    """Standard output. Colour on a terminal only, and not where NO_COLOR is set."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def complain(message: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"{message}\n")


def print_json(document: object) -> None:
    """One JSON document, indented, on standard output."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def styled(word: str | None) -> Text:
    """A word in its colour; `-` for none."""
    return Text(word or NOTHING, style=STYLES.get(word or "", ""))


def print_table(columns: Sequence[str], rows: Sequence[Row]) -> None:
    """A table, fitted to the terminal; in a pipe nothing is cut or wrapped."""
    out = console()
    for line in lines(columns, rows, out.width if out.is_terminal else None):
        out.print(line, soft_wrap=True)


def span_text(seconds: float | None) -> str:
    """A length of time in its two largest units: `47d3h`, `2m5s`; `-` for none."""
    if seconds is None:
        return NOTHING
    parts: list[str] = []
    whole = int(max(0.0, seconds))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, whole = divmod(whole, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return "".join(parts[:2])


def clock_text(at: datetime | str | None) -> str:
    """A moment as `2026-11-23 12:00:00` in UTC, from a datetime or its ISO 8601 text; `-` for none."""
    if at is None:
        return NOTHING
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def value_text(evidence: Mapping[str, Any]) -> str:
    """One reading with its unit: `93.1 %`, `41d` for seconds; the reason when nothing is known."""
    value, unit = evidence["value"], evidence["unit"]
    if value is None:
        return str(evidence["reason"] or "unknown")
    if isinstance(value, str):
        return value
    return span_text(value) if unit == "s" else f"{value:g} {unit}".rstrip()


def threshold_text(evidence: Mapping[str, Any]) -> str:
    """What would be a breach: `above 90 %`, `above 30d` for seconds, `impaired`."""
    words = str(evidence["threshold"]).split()
    if len(words) == 2 and words[0] in ("above", "below"):
        limit = span_text(float(words[1])) if evidence["unit"] == "s" else f"{words[1]} {evidence['unit']}".rstrip()
        return f"{words[0]} {limit}"
    return str(evidence["threshold"])
