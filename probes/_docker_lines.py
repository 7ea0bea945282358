"""The lines of a container's log, as an engine sends them with `timestamps`: each after the time when it was written.

Without a terminal the lines of both streams come in frames, and one of more than 16 KiB in pieces, each with a time of
its own. With a terminal they come as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from controller.clients.docker_frames import frames

LONGEST_LINE = 16_384
"""Characters of a line that are looked at."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and when it was written, by the engine's clock."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Read:
    """What came. pieces: how many the engine sent, by which it counts where it cuts."""

    lines: tuple[Line, ...]
    pieces: int


def read_lines(content: bytes, *, tty: bool) -> Read:
    """Every line, oldest first as they came. Raises ValueError where they are not as an engine sends them."""
    lines: list[Line] = []
    open_lines: dict[int, Line] = {}
    pieces = 0
    for stream, piece in _raw(content) if tty else frames(content):
        pieces += 1
        at, text = _dated(piece)
        before = open_lines.pop(stream, None)
        line = Line(before.at, (before.text + text)[: LONGEST_LINE + 1]) if before else Line(at, text)
        if text.endswith("\n") or tty:
            lines.append(_ended(line))
        else:
            open_lines[stream] = line
    lines += map(_ended, open_lines.values())
    return Read(tuple(lines), pieces)


def _raw(content: bytes) -> Iterator[tuple[int, bytes]]:
    for piece in content.split(b"\n"):
        if piece:
            yield 1, piece


def _dated(piece: bytes) -> tuple[datetime, str]:
    """Raises ValueError without a time."""
    stamp, _, text = piece.decode(errors="replace").partition(" ")
    at = datetime.fromisoformat(stamp)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at, text


def _ended(line: Line) -> Line:
    return Line(line.at, line.text.rstrip("\r\n")[:LONGEST_LINE])
