"""The typed reason for saying no."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Needs(StrEnum):
    """Who or what has to move before a veto can clear."""

    PERSON = "person"
    WORLD = "world"
    REPAVE = "repave"


@dataclass(frozen=True, slots=True)
class Veto:
    """One safety check's no.

    rule: the check's id (`max_in_flight`, `protected` ...), one file under `decide/rules` each.
    reason: one sentence with its numbers.
    needs: who clears it; `repave` when our own progress does.
    clears_at: when time alone clears it, if it does.
    """

    rule: str
    reason: str
    needs: Needs
    clears_at: datetime | None = None
