"""SQLite files, opened, written, and looked at from outside."""

import subprocess
import sys
from pathlib import Path

from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from tests.journal.material import EventSpans, begun, lease_of


def opened(file: Path, *, read_only: bool = False) -> JournalAdapter:
    return JournalAdapter(SqlJournal.open(f"sqlite:///{file}", EventSpans(), read_only=read_only))


async def written(file: Path) -> None:
    """A journal with one open replacement, closed again."""
    journal = opened(file)
    await begun(journal, await lease_of(journal))
    await journal.aclose()


def bytes_of(folder: Path) -> dict[str, str]:
    """Every file's digest, taken by another process: reading an open SQLite file here would drop our locks on it."""
    program = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())"
    return {
        path.name: subprocess.run(
            [sys.executable, "-c", program, path], check=True, capture_output=True, text=True
        ).stdout
        for path in sorted(folder.iterdir())
    }
