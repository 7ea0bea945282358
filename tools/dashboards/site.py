"""What differs from one place to another, and how expressions are put together for it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """runbook: the page whose headings are the alerts' names; a URL where the rules are used far from these docs.

    installation: the labels that tell one installation of Repave from another; its daemons share them. By these and by
    fleet everything is put together: two daemons tell the same of a fleet, so that `max` over them is what is so.
    account: New Relic's number of it; 0 is nobody's, and NerdGraph refuses it.
    """

    runbook: str = "docs/runbook.md"
    installation: Sequence[str] = ("job",)
    account: int = 0

    def runbook_of(self, alert: str) -> str:
        """Where the runbook tells of this alert."""
        return f"{self.runbook}#{alert.lower()}"

    def by(self, *labels: str) -> str:
        """`by (job, fleet)`."""
        return f"by ({', '.join((*self.installation, *labels))})"

    def most(self, series: str, *labels: str) -> str:
        """What the daemons of one installation say, put together."""
        return f"max {self.by(*labels)} ({series})"

    def least(self, series: str, *labels: str) -> str:
        """The smallest of what the daemons of one installation say."""
        return f"min {self.by(*labels)} ({series})"

    def total(self, series: str, *labels: str) -> str:
        """What the daemons of one installation come to together, each counting for itself."""
        return f"sum {self.by(*labels)} ({series})"
