"""The wire log: one JSON line per request, per event of the driver and per change of a group, in order of effect."""

import json
import threading
from pathlib import Path
from typing import TextIO

from controller.demo import wall


class WireLog:
    """Appends lines to a file, flushed one by one, so that a reader sees everything that happened before a crash.

    Each line is an object with `seq` (1, 2, 3 ... over the whole file), `t` (nanoseconds since 1970) and `kind`:
    `request` | `event` | `truth` | `control`. Without a path the lines go nowhere.
    """

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._sequence = 0
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None

    def write(self, kind: str, fields: dict[str, object]) -> None:
        """Append one line; `fields` has to be JSON."""
        with self._lock:
            self._sequence += 1
            if self._file is None or self._file.closed:
                return
            line = {"seq": self._sequence, "t": wall.epoch_ns(), "kind": kind, **fields}
            self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
            self._file.flush()

    def event(self, event: str, **fields: object) -> None:
        """Append what the driver did: `launched`, `in_service`, `terminating`, `gone` ..."""
        self.write("event", {"event": event, **fields})

    def close(self) -> None:
        """Close the file; later lines are dropped."""
        with self._lock:
            if self._file is not None:
                self._file.close()
