"""What went wrong with the journal's file, as one sentence a person can act on."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnection

from controller.domain.errors import JournalUnavailable

SENTENCES = {
    "SQLITE_BUSY": "another process kept it locked for too long",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_CORRUPT": "it is damaged; restore it from a backup, or move it away to begin anew",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "the disk reports an error",
    "SQLITE_NOTADB": "it is not an SQLite database",
    "SQLITE_PERM": "its permissions forbid it",
    "SQLITE_READONLY": "it may only be read here; check who may write the file and its directory",
}
"""By the start of SQLite's own name for the error: https://www.sqlite.org/rescode.html"""


@contextmanager
def explained(path: Path | None) -> Iterator[None]:
    """Turn what SQLite (or our own look at the schema) says within into JournalUnavailable, naming the file.

    A broken constraint or a wrong statement stays what it is: a fault of ours, not of the file.
    """
    name = str(path) if path else "in memory"
    try:
        yield
    except JournalUnavailable as error:
        raise JournalUnavailable(f"The journal {name} cannot be used: {error}.") from error
    except NoConnection as error:
        raise JournalUnavailable(f"The journal {name} cannot be used: all its connections are busy.") from error
    except (IntegrityError, ProgrammingError):
        raise
    except (DatabaseError, sqlite3.DatabaseError) as error:
        cause = error.orig if isinstance(error, DatabaseError) else error
        raise JournalUnavailable(f"The journal {name} cannot be used: {_why(path, cause)}.") from error


def _why(path: Path | None, error: BaseException | None) -> str:
    code = getattr(error, "sqlite_errorname", "")
    sentence = next((text for prefix, text in SENTENCES.items() if code.startswith(prefix)), str(error))
    if path and code.startswith("SQLITE_CANTOPEN"):
        sentence = _why_not_opened(path)
    return f"{sentence} ({code})" if code else sentence


def _why_not_opened(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no directory {path.parent}"
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return "its permissions forbid it"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"the permissions of {path.parent} forbid it"
    return SENTENCES["SQLITE_CANTOPEN"]
