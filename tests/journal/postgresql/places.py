"""Journals on PostgreSQL, opened as daemons open them."""

from controller.domain.ports import Projector
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from tests.journal.material import EventSpans

OPENED: list[SqlJournal] = []
"""What a test opened; it is closed at its end."""


def opened(url: str, projector: Projector | None = None, *, read_only: bool = False) -> JournalAdapter:
    OPENED.append(SqlJournal.open(url, projector or EventSpans(), read_only=read_only))
    return JournalAdapter(OPENED[-1])
