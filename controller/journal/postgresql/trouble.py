"""What went wrong with a journal on PostgreSQL, as one sentence a person can act on, without a password in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnection

from controller.domain.errors import JournalUnavailable

READ_ONLY_SERVER = "25006"
NOT_OURS = frozenset({"42P01", "42501", "3D000", "3F000"})
"""Missing tables, rights, databases and schemas: faults of the place that the driver calls faults of the statement."""

BY_STATE = {
    READ_ONLY_SERVER: "the server takes no writes: it is a standby, or set to read only; give the primary's address",
    "25P03": "a transaction was left alone for too long, and the server ended it",
    "28": "the server refuses the user or the password",
    "3D": "there is no database of that name; create it first",
    "3F": "there is no such schema; create it first",
    "42501": "the user lacks a right on its tables or its schema",
    "42P01": "its tables are not there any more, or the search path leads elsewhere",
    "53100": "the server's disk is full",
    "53200": "the server has no memory left",
    "53300": "the server has no connection left; end idle ones, or raise max_connections",
    "55P03": "another writer kept it locked for too long",
    "57014": "the server took too long over it",
    "57P": "the server is starting, shutting down, or ended the connection",
    "58": "the server's disk reports an error",
    "XX001": "its data is damaged; restore it from a backup",
}
"""By SQLSTATE, or its beginning: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

BY_WORDS = {
    "password authentication failed": BY_STATE["28"],
    "no password supplied": "the server asks for a password: PGPASSWORD, PGPASSFILE, or a secret with the address",
    "role .* does not exist": "the server does not know the user",
    "pg_hba.conf": "the server does not let this user in from here (pg_hba.conf)",
    "database .* does not exist": BY_STATE["3D"],
    "too many c|remaining connection slots": BY_STATE["53300"],
    "is starting up|is shutting down|in recovery mode|administrator command": BY_STATE["57P"],
    "read-only|read-write": BY_STATE[READ_ONLY_SERVER],
    "SSL|certificate": "TLS could not be agreed on",
    "resolve|translate host name|Name or service": "the name of its host is not known",
    "refused|timeout|timed out|unreachable|No route|No such file": "it cannot be reached",
    "closed the connection|connection to server was lost|connection is closed|consuming input|sending query": (
        "the connection broke"
    ),
}
"""What libpq says when it cannot connect, which carries no SQLSTATE:
https://www.postgresql.org/docs/current/libpq-connect.html"""


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turn what PostgreSQL (or our own look at the schema) says within into JournalUnavailable, naming the place.

    A broken constraint or a wrong statement stays what it is: a fault of ours, not of the place.
    """
    try:
        yield
    except JournalUnavailable as error:
        raise JournalUnavailable(f"The journal {place} cannot be used: {error}.") from error
    except NoConnection as error:
        raise JournalUnavailable(f"The journal {place} cannot be used: all its connections are busy.") from error
    except (IntegrityError, ProgrammingError, DataError) as error:
        if sqlstate(error.orig) not in NOT_OURS:
            raise
        raise JournalUnavailable(f"The journal {place} cannot be used: {reason(error)}.") from error
    except DBAPIError as error:
        raise JournalUnavailable(f"The journal {place} cannot be used: {reason(error)}.") from error


def place_of(url: URL) -> str:
    """`postgresql://host:port/database`: what names the place, and nothing of who goes there."""
    query = {"host": url.query["host"]} if "host" in url.query else {}
    return str(URL.create("postgresql", host=url.host, port=url.port, database=url.database, query=query))


def sqlstate(error: BaseException | None) -> str:
    """The server's own code of the error; empty where the server did not speak."""
    return getattr(error, "sqlstate", None) or ""


def reason(error: DBAPIError) -> str:
    """Why, in words of ours, with the server's code; in the driver's own only where we have none."""
    state, said = sqlstate(error.orig), str(error.orig)
    for start, words in BY_STATE.items():
        if state.startswith(start):
            return f"{words} ({state})"
    for pattern, words in BY_WORDS.items():
        if re.search(pattern, said, re.IGNORECASE):
            return words
    return _last_line(said) + (f" ({state})" if state else "")


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return (lines[-1] if lines else "no reason was given").removesuffix(".")[:200]
