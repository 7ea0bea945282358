"""Questions to the probes of telemetry sources, as a rule of the configuration asks them."""

from datetime import datetime
from typing import Any

from controller.domain.model import Instance, Inventory
from controller.domain.policy import Above, Cause, Condition
from controller.domain.ports import ProbeRequest
from tests.probes.fleet import NOW


def asking(options: object, *instances: Instance, at: datetime = NOW, **rule: Any) -> ProbeRequest:
    """One question about these instances. rule: fields of its Condition."""
    facts: dict[str, Any] = {"probe": "promql", "threshold": Above(5), "options": options} | rule
    return ProbeRequest(Condition("errors", Cause.DEGRADED, **facts), Inventory(at, (), instances), instances, at)
