"""What a loop last knew of its fleet: it goes on watching by that while the journal cannot be reached."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from controller.domain.memory import Memory
from controller.domain.model import Snapshot
from controller.domain.replacement import Replacement


@dataclass(frozen=True, slots=True)
class JournalLost:
    """since: when it was first missed. reason: what was said about it last."""

    since: datetime
    reason: str


class Recollection:
    """One fleet's last look, kept in the process.

    lost: since when the journal is missing; None while it is there.
    """

    def __init__(self) -> None:
        self._last: Snapshot | None = None
        self.lost: JournalLost | None = None
        self._token = 0

    def keep(self, snapshot: Snapshot, memory: Memory, token: int) -> None:
        """This was seen last, under the lease with this token."""
        self._last, self._token = replace(snapshot, memory=memory), token

    def watched(self, snapshot: Snapshot, memory: Memory) -> None:
        """This was seen last, while the journal was missing."""
        self.keep(snapshot, memory, self._token)

    @property
    def anything(self) -> bool:
        """Whether there is something to watch by."""
        return self._last is not None

    def as_driven(self, stands: Mapping[str, Replacement]) -> Snapshot:
        """The last look, with replacements where they stand by now. Only where there is `anything`."""
        if self._last is None:
            raise RuntimeError("nothing was ever looked at")
        opened = tuple(stands.get(item.id, item) for item in self._last.open_replacements)
        return replace(self._last, open_replacements=opened)

    def forget(self) -> None:
        """Another daemon looks at this fleet now, and knows better."""
        self._last = None

    def completed(self, snapshot: Snapshot, token: int) -> Snapshot:
        """With the memory of looks that could not be journaled, where nobody else had the lease since: our own, taken
        again after it ran out, has the next token."""
        last = self._last
        if last is None or token - self._token > 1 or last.memory.written_at is None:
            return snapshot
        journaled_at = snapshot.memory.written_at
        newer = journaled_at is None or last.memory.written_at > journaled_at
        return replace(snapshot, memory=last.memory) if newer else snapshot

    def missed(self, now: datetime, reason: str) -> JournalLost:
        """The journal is not there."""
        self.lost = JournalLost(self.lost.since if self.lost else now, reason)
        return self.lost

    def found(self) -> None:
        """The journal is there."""
        self.lost = None
