"""The one item that every decision reads first, compares and counts up: so one decision follows another, as if there
were no others. It has the journal's own order, in which no clock matters."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from controller.domain.errors import JournalUnavailable
from controller.domain.lifecycle import Outcome
from controller.journal.dynamodb.items import ABSENT, Condition, Item, Key, Put, Value
from controller.journal.logic.documents import encode
from controller.journal.logic.holding import ALL, fleet_scope

LEDGER = Key("ledger", "ledger")
SCHEMA = 1
"""How a journal lies in its table. Another number means that this Repave does not know what it reads."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Replacements of one fleet that failed: since the fleet's last success or resume, and those of them that count in
    the row over all fleets, which a success of any fleet ends."""

    here: int = 0
    everywhere: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """version: grows with every decision. events, replacements, holds, spans, breakers: the newest number given to one.
    failures: by fleet. succeeded: fleet -> the event that closed its last success. resumed: scope -> the newest event
    when it was last resumed."""

    version: int = 0
    events: int = 0
    replacements: int = 0
    holds: int = 0
    spans: int = 0
    breakers: int = 0
    failures: Mapping[str, Failures] = field(default_factory=dict)
    succeeded: Mapping[str, int] = field(default_factory=dict)
    resumed: Mapping[str, int] = field(default_factory=dict)

    def counted(self, name: str) -> "Ledger":
        """The same with one more of them."""
        given: dict[str, Any] = {name: getattr(self, name) + 1}
        return replace(self, **given)

    def closed(self, fleet: str, outcome: Outcome | None) -> "Ledger":
        """After a replacement of this fleet ended with the newest event. Superseded and aborted ones neither count nor
        break the row."""
        before = self.failures.get(fleet, Failures())
        if outcome is Outcome.FAILED:
            return self._with({**self.failures, fleet: Failures(before.here + 1, before.everywhere + 1)})
        if outcome is Outcome.REPLACED:
            others = {name: Failures(one.here, 0) for name, one in self.failures.items() if name != fleet}
            return replace(self._with(others), succeeded={**self.succeeded, fleet: self.events})
        return self

    def after_resume(self, scope: str) -> "Ledger":
        """After this scope was resumed; that of an instance forgets nothing."""
        resumed = replace(self, resumed={**self.resumed, scope: self.events})
        if scope == ALL:
            return replace(resumed, failures={})
        if scope.startswith(fleet_scope("")):
            others = {name: one for name, one in self.failures.items() if fleet_scope(name) != scope}
            return replace(resumed, failures=others)
        return self

    def forgotten_until(self, fleet: str) -> int:
        """What ended at this event or before is held against nobody."""
        return max(self.resumed.get(ALL, 0), self.resumed.get(fleet_scope(fleet), 0))

    def counts(self, fleet: str, outcome: str | None, closed_event: int) -> bool:
        """Whether a replacement that ended with this event still counts: a failure in a row, or the success that ended
        the last one. So does, for the journal's order, what has the newest event."""
        last = self.succeeded.get(fleet, 0)
        in_a_row = outcome == Outcome.FAILED and closed_event > max(last, self.forgotten_until(fleet))
        return in_a_row or closed_event in (last, self.events)

    def failures_everywhere(self) -> int:
        """Over all fleets, in a row."""
        return sum(one.everywhere for one in self.failures.values())

    def _with(self, failures: Mapping[str, Failures]) -> "Ledger":
        return replace(self, failures={name: one for name, one in failures.items() if one != Failures()})

    def put(self) -> Put:
        """Writes it, if nobody has written since it was read: it is one version further than what was read."""
        read = self.version - 1
        condition = Condition("#version = :read", {"read": read}, ("version",)) if read else ABSENT
        counts = {name: getattr(self, name) for name in COUNTS}
        document = {
            **counts,
            "failures": {name: [one.here, one.everywhere] for name, one in self.failures.items()},
            "succeeded": self.succeeded,
            "resumed": self.resumed,
        }
        values: dict[str, Value] = {"version": self.version, "schema": SCHEMA, "document": encode(document)}
        return Put(Item(LEDGER, values), condition)


COUNTS = ("events", "replacements", "holds", "spans", "breakers")


def ledger_of(item: Item | None) -> Ledger:
    """The ledger of an item; that of an empty journal when there is none.

    Raises JournalUnavailable when a newer Repave wrote it: reading it by old meanings would be a guess.
    """
    if item is None:
        return Ledger()
    if item.number("schema") != SCHEMA:
        found = item.number("schema")
        raise JournalUnavailable(
            f"its schema has version {found} and this Repave knows {SCHEMA}: start the newer Repave again"
        )
    document = json.loads(item.text("document") or "{}")
    failures = {name: Failures(*counts) for name, counts in document.pop("failures").items()}
    return Ledger(version=item.number("version"), failures=failures, **document)
