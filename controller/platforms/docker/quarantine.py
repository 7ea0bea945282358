"""Names of what was put aside: a stopped predecessor, kept for a time so that people can look at it.

Its name says what it was, which replacement it made room for, and until when it is kept (Unix seconds).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

NAME = re.compile(r"(?P<name>.+)\.quarantine-(?P<replacement>[\w-]+)-(?P<until>\d{9,12})")


@dataclass(frozen=True, slots=True)
class Aside:
    """What the name of a container in quarantine says."""

    name: str
    replacement: str
    until: datetime


def name_aside(name: str, replacement_id: str, now: datetime, seconds: float) -> str:
    """The name of a container that is put aside now, for so many seconds."""
    return f"{name}.quarantine-{replacement_id}-{int(now.timestamp() + seconds)}"


def parse(name: str) -> Aside | None:
    """What a name says; None for one that is not in quarantine."""
    found = NAME.fullmatch(name)
    if found is None:
        return None
    return Aside(found["name"], found["replacement"], datetime.fromtimestamp(int(found["until"]), UTC))
