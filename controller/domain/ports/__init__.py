"""What the core asks of the world. Adapters implement these; only `app` puts the two together."""

from controller.domain.ports.acting import (
    Adopted,
    Done,
    Mutate,
    Platform,
    PlatformSpec,
    Progress,
    Refused,
    Upkeep,
    Waiting,
    Work,
)
from controller.domain.ports.balancing import BalancerSpec, LoadBalancer, Server
from controller.domain.ports.remembering import (
    Budget,
    EncodedSpan,
    Journal,
    Lease,
    Lifted,
    Outbox,
    Projector,
    RefusalRecord,
    TickRecord,
)
from controller.domain.ports.seeing import Flaw, FleetProbe, Probe, ProbeRequest, ProbeSpec, SourceSpec
from controller.domain.ports.system import PRESSING, Clock, Resources, Schedule

__all__ = [
    "PRESSING",
    "Adopted",
    "BalancerSpec",
    "Budget",
    "Clock",
    "Done",
    "EncodedSpan",
    "Flaw",
    "FleetProbe",
    "Journal",
    "Lease",
    "Lifted",
    "LoadBalancer",
    "Mutate",
    "Outbox",
    "Platform",
    "PlatformSpec",
    "Probe",
    "ProbeRequest",
    "ProbeSpec",
    "Progress",
    "Projector",
    "RefusalRecord",
    "Refused",
    "Resources",
    "Schedule",
    "Server",
    "SourceSpec",
    "TickRecord",
    "Upkeep",
    "Waiting",
    "Work",
]
