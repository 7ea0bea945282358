"""What New Relic's agent is told as custom events: what was done, what was refused, and each look."""

from collections import Counter
from collections.abc import Collection

from controller.domain.lifecycle import Kind
from controller.domain.ports import TickRecord
from controller.domain.replacement import Event, Replacement
from controller.record.ids import trace_id_of
from controller.record.newrelic import Agent


class CustomEvents:
    """An audience of the journal (`app.narrate.Audience`).

    RepaveReplacement: one per replacement, when it ended. RepaveHold: one per change of the reasons why an instance
    waits. RepaveTick: one per look.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def happened(self, state: Replacement, event: Event) -> None:
        """A replacement's end becomes an event."""
        if event.kind is not Kind.CLOSED or state.closed_at is None:
            return
        self._agent.event(
            "RepaveReplacement",
            {
                "replacement": state.id,
                "fleet": state.fleet,
                "predecessor": state.predecessor,
                "successor": state.successor,
                "verdict": str(state.facts.get("verdict", "")),
                "causes": ", ".join(state.causes),
                "outcome": str(state.outcome),
                "verification": state.verification,
                "reason": str((state.failure or {}).get("reason", "")) or None,
                "seconds": (state.closed_at - state.accepted_at).total_seconds(),
                "trace": trace_id_of(state.id),
            },
        )

    def looked(self, record: TickRecord, changed: Collection[str]) -> None:
        """A look becomes an event, and so does each refusal whose reasons changed with it."""
        verdicts = Counter(str(item.get("verdict")) for item in record.report.get("instances", ()))
        self._agent.event(
            "RepaveTick",
            {
                "fleet": record.fleet,
                "sentence": record.sentence,
                "instances": sum(verdicts.values()),
                "held": len(record.refusals),
                **dict(verdicts),
            },
        )
        for instance_id in changed:
            refusal = record.refusals.get(instance_id)
            if refusal is not None:
                about = {"instance": instance_id, "verdict": str(refusal.facts.get("verdict", ""))}
                rules = {"rules": ", ".join(refusal.rules)}
                self._agent.event("RepaveHold", {"fleet": record.fleet, **about, **rules})
