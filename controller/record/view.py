"""What one scrape is made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from controller.domain.policy import Policy
from controller.domain.ports import TickRecord
from controller.domain.replacement import Replacement


@dataclass(frozen=True, slots=True)
class View:
    """The journal as it is now.

    reports: the newest tick of every fleet. replacements: everything that is open, and what was closed since the view
    before; the first view after a start has to hold all that was ever closed.
    policies: of the configured fleets. Of a fleet that is no longer among them only its closed replacements are told.
    leases: fleet -> whether this daemon holds its lease. outbox_pending: spans that wait to be delivered;
    outbox_oldest_at: since when the oldest of them does. now: when all this was read.
    """

    reports: Sequence[TickRecord] = ()
    replacements: Sequence[Replacement] = ()
    policies: Mapping[str, Policy] = field(default_factory=dict)
    leases: Mapping[str, bool] = field(default_factory=dict)
    outbox_pending: int = 0
    outbox_oldest_at: datetime | None = None
    now: datetime | None = None

    def configured_reports(self) -> tuple[TickRecord, ...]:
        """The newest tick of each configured fleet that was ever looked at."""
        return tuple(record for record in self.reports if record.fleet in self.policies)

    def age_seconds(self, since: datetime | None) -> float:
        """How long ago that was; 0 where there is nothing that could have an age."""
        return max(0.0, (self.now - since).total_seconds()) if since and self.now else 0.0
