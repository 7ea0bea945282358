"""What was kept of an instance before it was ended, as notes upon the call that ended it: whole for a backend, cut into
pieces that fit, and in one sentence for a terminal.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from controller.domain.replacement import KEPT
from controller.record.facts import listed, mapping
from controller.record.spans import Note
from controller.record.words import counted, memory

MOST_CHARACTERS = 4_000
"""In one piece: below what backends keep of a value."""


def without_evidence(arguments: Any) -> Any:
    """A call's arguments less what was kept."""
    if not isinstance(arguments, Mapping) or KEPT not in arguments:
        return arguments
    return {name: arguments[name] for name in arguments if name != KEPT}


def kept_notes(arguments: Any, at: datetime) -> tuple[Note, ...]:
    """One note that sums up, then each part in pieces; none where nothing was kept."""
    kept = mapping(mapping(arguments).get(KEPT))
    return tuple(_notes(kept, at)) if kept else ()


def _notes(kept: Mapping[str, Any], at: datetime) -> Iterator[Note]:
    logs, stats, changes = (mapping(kept.get(name)) for name in ("logs", "stats", "changes"))
    lines, paths = _texts(logs.get("lines")), _texts(changes.get("paths"))
    numbers = {f"repave.kept.{name}": stats[name] for name in sorted(stats) if isinstance(stats[name], int | float)}
    told = {
        "repave.kept.log_lines": len(lines) if "logs" in kept else None,
        "repave.kept.log_lines.cut": logs.get("cut") or None,
        "repave.kept.changed_paths": changes.get("count"),
        "repave.kept.missing": sorted(mapping(kept.get("missing"))) or None,
    }
    yield Note("evidence.kept", at, {**told, **numbers}, _sentence(kept))
    for name in sorted(kept):
        match name:
            case "logs":
                yield from _pieces(name, lines, at)
            case "changes":
                yield from _pieces(name, paths, at)
            case _:
                text = json.dumps(kept[name], sort_keys=True, ensure_ascii=False, default=str)
                yield from _pieces(name, [text], at)


def _sentence(kept: Mapping[str, Any]) -> str:
    logs, stats, changes, top = (mapping(kept.get(name)) for name in ("logs", "stats", "changes", "top"))
    missing = mapping(kept.get("missing"))
    told = [
        counted(len(listed(logs.get("lines"))), "line of log", "lines of log") if "logs" in kept else "",
        counted(changes.get("count"), "changed path") if changes else "",
        memory(stats.get("memory_bytes"), stats.get("memory_limit_bytes")),
        counted(len(listed(top.get("processes"))), "process", "processes") if top else "",
    ]
    said = ", ".join(part for part in told if part) or "little"
    return f"kept: {said}" + (f"; not to be had: {', '.join(sorted(missing))}" if missing else "")


def _texts(value: Any) -> list[str]:
    return [str(item) for item in listed(value)]


def _pieces(name: str, lines: Iterable[str], at: datetime) -> Iterator[Note]:
    """The lines, as many to a piece as fit; a line that fits in none is cut."""
    pieces: list[str] = []
    for line in lines:
        for start in range(0, max(len(line), 1), MOST_CHARACTERS):
            part = line[start : start + MOST_CHARACTERS]
            if pieces and not start and len(pieces[-1]) + 1 + len(part) <= MOST_CHARACTERS:
                pieces[-1] += f"\n{part}"
            else:
                pieces.append(part)
    for number, text in enumerate(pieces, 1):
        about = {"repave.kept.text": text, "repave.kept.piece": number, "repave.kept.pieces": len(pieces)}
        yield Note(f"evidence.{name}", at, about)
