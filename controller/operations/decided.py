"""The JSON of decisions, written once: what `plan` and `why` say, of each fleet and each instance."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from controller.domain.model import InstanceState
from controller.domain.policy import Mode
from controller.domain.request import RequestKind, RequestState
from controller.domain.verdict import EvidenceOutcome, VerdictKind
from controller.domain.veto import Needs

Seconds = Annotated[float, Field(description="Seconds.")]


class Document(BaseModel):
    """A frozen part of an answer."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)


class Evidence(Document):
    """One rule of the policy, and what was read for one instance."""

    rule: str
    """The rule's name in the configuration."""
    probe: str
    cause: str
    """What a breach makes of the instance: aged, drifted, degraded, tampered."""
    value: float | str | bool | None
    unit: str
    threshold: str
    """What would be a breach, such as `above 90`."""
    for_seconds: Seconds
    """How long it has to breach before it is a finding."""
    breached_for_seconds: Seconds
    query: str
    """What the source was asked."""
    measured_at: AwareDatetime | None
    """By the source's own clock."""
    outcome: EvidenceOutcome
    reason: str
    """Why it is unknown; empty otherwise."""
    found: bool
    """Breached for long enough to be a finding."""
    samples: list[str]
    """A few of the lines that were counted, where they breach."""


class Veto(Document):
    """One rule that forbids a replacement now."""

    rule: str
    reason: str
    needs: Needs
    """Who clears it: a person, the world, or repave by going on."""
    clears_at: AwareDatetime | None
    """When time alone clears it."""


class FleetVeto(Document):
    """The veto that stops all of a fleet."""

    rule: str
    reason: str


class Image(Document):
    """What an instance was launched from."""

    id: str
    created_at: AwareDatetime | None
    age_seconds: Seconds | None


class Request(Document):
    """What was proposed or asked for, and where it stands. It has the id of its replacement to be."""

    id: str
    fleet: str
    instance: str
    kind: RequestKind
    """proposed by Repave (mode ask), or requested by a person."""
    state: RequestState
    verdict: str
    """Of the instance when it was made."""
    causes: list[str]
    by: str
    reason: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    approved_by: str | None
    approved_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    closing: str
    """What explains its end."""


class Waits(Document):
    """What a replacement under way waits for."""

    for_: str = Field(alias="for")
    ends_at: AwareDatetime | None
    """When its present step ends one way or the other."""


class Instance(Document):
    """One instance: how it is, what was found, and what is decided about it."""

    id: str
    name: str | None = None
    """What people call it: a container's name."""
    names: list[str] = []
    """By all of which commands and telemetry may know it, beside its id."""
    group: str
    zone: str
    state: InstanceState
    serving: bool
    """In service, not called unhealthy, and healthy in every balancer."""
    age_seconds: Seconds | None
    image: Image
    verdict: VerdictKind
    """The worst of the findings."""
    findings: list[str]
    evidence: list[Evidence]
    decision: Literal["keep", "replace", "hold"]
    """hold: a candidate that waits; see `vetoes`."""
    replacement: str | None
    """The open replacement that it is the predecessor or the successor of."""
    request: Request | None
    """What was proposed or asked for it, and waits."""
    vetoes: list[Veto]
    """Why a candidate waits; of a predecessor whose replacement is under way, what keeps it from going."""
    waits: Waits | None = None
    """Of an instance in a replacement under way."""
    next: str = ""
    """What has to happen next, in one sentence."""


class InstanceOfFleet(Instance):
    """An instance as the last look at its fleet saw it."""

    fleet: str
    observed_at: AwareDatetime


class Group(Document):
    """One group of the platform, with its bounds."""

    name: str
    desired: int
    minimum: int
    maximum: int


class Coverage(Document):
    """How far one rule's telemetry source knows the fleet."""

    rule: str
    source: str
    resolved: int
    """Instances that have rows there."""
    of: int
    unmatched: list[str]
    """A few names in its rows that are nobody's here."""
    unmatched_count: int


class Budget(Document):
    """One limit, and how much of it is used."""

    limit: str
    scope: Literal["fleet", "all"]
    """all: over all fleets together."""
    used: int
    allowed: int


class OpenBreaker(Document):
    """A cause that is not replaced for, because replacing did not cure it."""

    cause: str
    reason: str
    opened_at: AwareDatetime


class Look(Document):
    """What one look at a fleet came to."""

    platform: str
    mode: Mode
    policy_hash: str
    observed_at: AwareDatetime
    next_look_at: AwareDatetime
    settled: bool
    """Nothing to do now or within ten minutes."""
    gaps: list[str]
    """Sentences about what could not be read."""
    coverage: list[Coverage]
    hold: FleetVeto | None
    budgets: list[Budget] = []
    """How much of each limit is used."""
    breakers: list[OpenBreaker] = []
    """The causes that are not replaced for."""
    guards: list[Evidence]
    """What `hold_while` says of the fleet as a whole; `found`: it holds."""
    notes: list[str]
    """Sentences about what the policy comes to in a fleet of this size, where that is probably not meant."""
    groups: list[Group]


class PlannedFleet(Look):
    """One fleet of a plan."""

    name: str
    instances: list[Instance]


class Failure(Document):
    """A fleet that could not be looked at."""

    fleet: str
    error: str


class Stale(Document):
    """The daemon cannot reach its journal, and only watches: this is what it knew last, or saw by itself since."""

    since: AwareDatetime
    reason: str


class Plan(Document):
    """What would be done, and why. Each fleet says when it was looked at (`observed_at`)."""

    generated_at: AwareDatetime
    mode: Mode
    """What holds where a fleet says nothing."""
    fleets: list[PlannedFleet]
    errors: list[Failure]
    """Fleets that are missing above."""
    stale: Stale | None = None
    """Of a daemon's answer; null while its journal is there."""


class Why(Look):
    """One instance, and what holds for its whole fleet."""

    generated_at: AwareDatetime
    fleet: str
    instance: Instance
    stale: Stale | None = None
    """Of a daemon's answer; null while its journal is there."""
