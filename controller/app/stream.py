"""What goes out as server-sent events: looks at fleets, and what is journaled about replacements by this daemon."""

from collections.abc import Collection
from datetime import datetime

from controller.app.narrate import sentence_of
from controller.decide.explain import isoformat
from controller.domain.ports import TickRecord
from controller.domain.replacement import Event, Replacement
from controller.loop import Tick
from controller.web.events import Hub


class Stream:
    """Tells everybody who listens (app.narrate.Audience)."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def tick(self, tick: Tick, at: datetime) -> None:
        """A look has ended (operations.documents.TickEvent)."""
        document = {
            "at": isoformat(at),
            "fleet": tick.fleet,
            "sentence": tick.sentence,
            "settled": tick.settled,
            "standby": tick.standby,
            "next_look_at": isoformat(tick.next_look_at),
        }
        self._hub.publish("tick", document)

    def looked(self, record: TickRecord, changed: Collection[str]) -> None:
        """A look was journaled; `tick` has told it."""

    def happened(self, state: Replacement, event: Event) -> None:
        """Something was journaled (operations.documents.ReplacementEvent)."""
        document = {
            "at": isoformat(event.at),
            "fleet": state.fleet,
            "replacement": state.id,
            "ordinal": event.ordinal,
            "kind": event.kind.value,
            "step": event.step.value if event.step else None,
            "phase": state.phase.value,
            "sentence": sentence_of(event),
            "outcome": state.outcome.value if state.outcome else None,
        }
        self._hub.publish("replacement", document)
