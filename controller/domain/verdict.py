"""What was decided: evidence, verdicts, candidates, and the plan with its refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controller.domain.memory import Memory
from controller.domain.model import Instance
from controller.domain.policy import Cause
from controller.domain.request import Request
from controller.domain.veto import Veto


class EvidenceOutcome(StrEnum):
    """How one condition came out for one instance."""

    OK = "ok"
    BREACHED = "breached"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One condition's reading against its threshold, for one instance.

    rule: the condition's name. value: None when unknown, and then `reason` says why.
    breached_for_seconds: how long it has breached without a break; compare with for_seconds.
    found: True when it has breached for long enough and so is a finding.
    samples: a few of what was counted, such as log lines, where it breached.
    """

    rule: str
    probe: str
    cause: Cause
    outcome: EvidenceOutcome
    value: float | str | None
    unit: str
    threshold: str
    for_seconds: float
    breached_for_seconds: float
    query: str
    measured_at: datetime | None
    reason: str = ""
    found: bool = False
    urgent: bool = False
    samples: tuple[str, ...] = ()


class VerdictKind(StrEnum):
    """The worst finding about an instance, or that there is none, or that we could not see."""

    TAMPERED = "tampered"
    DEGRADED = "degraded"
    DRIFTED = "drifted"
    AGED = "aged"
    BLIND = "blind"
    HEALTHY = "healthy"


SEVERITY = tuple(VerdictKind)
"""Worst first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is held of one instance at one tick, with every condition's evidence."""

    instance_id: str
    kind: VerdictKind
    evidence: tuple[Evidence, ...]

    @property
    def findings(self) -> tuple[Evidence, ...]:
        """The evidence that condemns."""
        return tuple(item for item in self.evidence if item.found)

    @property
    def urgent(self) -> bool:
        """Whether a finding is of a condition declared urgent."""
        return any(item.urgent for item in self.findings)


@dataclass(frozen=True, slots=True)
class Judgement:
    """All verdicts of one tick, and what the next tick has to remember."""

    verdicts: Mapping[str, Verdict]
    memory: Memory

    def found(self, cause: Cause) -> tuple[Verdict, ...]:
        """The verdicts with a finding of this cause, whatever else was found."""
        return tuple(item for item in self.verdicts.values() if any(found.cause is cause for found in item.findings))


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instance whose verdict warrants replacement, or for which a person asked.

    request: what was proposed or asked for it and still stands, if anything.
    """

    instance: Instance
    verdict: Verdict
    request: Request | None = None

    @property
    def requested(self) -> bool:
        """Whether a person asked for it: then the verdict is not asked."""
        return self.request is not None and self.request.requested


@dataclass(frozen=True, slots=True)
class Refusal:
    """A candidate (or a blind instance) that waits, and every reason why."""

    candidate: Candidate
    vetoes: tuple[Veto, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """The plan so far: rules count what was already chosen."""

    starts: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """What an open replacement waits for.

    sentence: in words. ends_at: when its present step ends one way or the other; None where nothing counts.
    vetoes: the rules that make it wait, before its predecessor is touched.
    """

    replacement_id: str
    predecessor: str
    sentence: str
    ends_at: datetime | None = None
    vetoes: tuple[Veto, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start now, what waits and why, and when to look again.

    fleet_veto: the first veto that stops the whole fleet, for the fleet's own line; None when none does.
    settled: nothing is in flight or about to start, and all that waits does so for a person, the world or a long time.
    pending: one per open replacement.
    """

    starts: tuple[Candidate, ...]
    holds: tuple[Refusal, ...]
    next_look_at: datetime
    settled: bool
    fleet_veto: Veto | None = None
    pending: tuple[Pending, ...] = ()
