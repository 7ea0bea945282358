"""The JSON that people and programs get, written once: what `--json` prints, what the HTTP API answers, what the
OpenAPI document describes. Times are ISO 8601 in UTC, lengths of time are seconds, what is not known is null.

Keys may be added by a later version, so that a reader has to pass over what it does not know.
"""

from pydantic import AwareDatetime

from controller.domain.lifecycle import Outcome, Phase
from controller.domain.policy import Mode
from controller.domain.verdict import VerdictKind
from controller.operations.decided import (
    Coverage,
    Document,
    Evidence,
    Failure,
    FleetVeto,
    Group,
    Image,
    Instance,
    InstanceOfFleet,
    Look,
    Plan,
    PlannedFleet,
    Request,
    Seconds,
    Stale,
    Veto,
    Why,
)

__all__ = [
    "Aborted",
    "Breaker",
    "Configuration",
    "Coverage",
    "Daemon",
    "Document",
    "Drawing",
    "DrawnLine",
    "Evidence",
    "Failure",
    "Fleet",
    "FleetVeto",
    "Fleets",
    "Group",
    "Hold",
    "Holds",
    "Image",
    "Instance",
    "InstanceOfFleet",
    "Instances",
    "Lease",
    "Look",
    "Plan",
    "PlannedFleet",
    "Replacement",
    "ReplacementEvent",
    "ReplacementFailure",
    "Replacements",
    "Request",
    "Requests",
    "Resumed",
    "Stale",
    "TickEvent",
    "Veto",
    "Why",
]


class Hold(Document):
    """An operator's stop."""

    scope: str
    """`all`, `fleet:NAME` or `instance:ID`."""
    reason: str
    by: str
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    """Null: until it is resumed."""
    sentence: str
    """The same for people."""


class Holds(Document):
    """The stops in force, the oldest first."""

    generated_at: AwareDatetime
    holds: list[Hold]
    stale: Stale | None
    """Null while the journal is there."""


class Resumed(Document):
    """What ended, and what still stops the same."""

    target: str
    ended: int
    """How many holds and breakers."""
    still_held: list[Hold]


class Breaker(Document):
    """The daemon's own stop for one cause."""

    cause: str
    reason: str
    opened_at: AwareDatetime


class Lease(Document):
    """Which daemon acts on a fleet."""

    owner: str
    token: int
    expires_at: AwareDatetime
    valid: bool
    """It has not run out."""


class Fleet(Document):
    """One fleet: what its last look came to, what is under way, and what stops it.

    What no daemon has seen yet has null from `sentence` to `verdicts`.
    """

    name: str
    platform: str
    mode: Mode
    sentence: str | None
    observed_at: AwareDatetime | None
    next_look_at: AwareDatetime | None
    settled: bool | None
    instances: int | None
    verdicts: dict[VerdictKind, int] | None
    holds: list[Hold]
    breakers: list[Breaker]
    lease: Lease | None
    """Null when no daemon ever acted on it."""
    open_replacements: list[str]


class Configuration(Document):
    """Which configuration is in force."""

    hash: str
    """Of its text."""
    version: str | None
    """What S3 or SSM calls it; null for a file."""
    loaded_at: AwareDatetime | None
    """When the daemon took it; null where the journal was read and no daemon asked."""
    refused_at: AwareDatetime | None
    """Since when a newer one is refused; null when the last one was taken."""


class Daemon(Document):
    """A daemon that shares the fleets of one journal with the others."""

    owner: str
    since: AwareDatetime
    """From when on it has been there without a gap."""
    acts_on: list[str]
    """The fleets of this configuration whose lease it holds."""


class Fleets(Document):
    """Every fleet of the configuration."""

    generated_at: AwareDatetime
    config: Configuration
    fleets: list[Fleet]
    daemons: list[Daemon]
    """Those that are there now, by owner."""
    stale: Stale | None
    """Null while the journal is there."""


class Instances(Document):
    """Every instance, as of the last look at its fleet."""

    generated_at: AwareDatetime
    instances: list[InstanceOfFleet]
    stale: Stale | None
    """Null while the journal is there."""


class ReplacementFailure(Document):
    """Why a replacement was given up."""

    reason: str | None
    error_type: str | None


class Replacement(Document):
    """One replacement of one instance."""

    id: str
    fleet: str
    group: str
    zone: str
    predecessor: str
    successor: str | None
    verdict: str | None
    causes: list[str]
    phase: Phase
    outcome: Outcome | None
    """Null while it is open."""
    verification: str | None
    """improved, same, worse or unproven."""
    failure: ReplacementFailure | None
    paused: bool
    """A hold stops it."""
    accepted_at: AwareDatetime
    phase_since: AwareDatetime
    closed_at: AwareDatetime | None
    seconds: Seconds | None
    """From acceptance to the end; null before."""
    policy_hash: str
    trace_id: str


class Requests(Document):
    """The newest first, those that have ended too."""

    generated_at: AwareDatetime
    requests: list[Request]
    stale: Stale | None
    """Null while the journal is there."""


class Aborted(Document):
    """What was turned back: a request that ended at once, or a replacement that is undone before its next call."""

    sentence: str
    request: Request | None
    replacement: Replacement | None


class Replacements(Document):
    """The newest first."""

    generated_at: AwareDatetime
    requests: list[Request]
    """What waits to become a replacement, the oldest first."""
    replacements: list[Replacement]
    stale: Stale | None
    """Null while the journal is there."""


class DrawnLine(Document):
    """One line of a drawing. style: heading, ok, error, open or note."""

    text: str
    style: str


class Drawing(Document):
    """The trace as a waterfall, ready for a terminal."""

    replacement: str
    lines: list[DrawnLine]


class TickEvent(Document):
    """A look at a fleet has ended."""

    at: AwareDatetime
    fleet: str
    sentence: str
    settled: bool
    standby: bool
    """Another daemon acts on this fleet."""
    next_look_at: AwareDatetime


class ReplacementEvent(Document):
    """Something was journaled about a replacement."""

    at: AwareDatetime
    fleet: str
    replacement: str
    ordinal: int
    kind: str
    step: str | None
    phase: Phase
    """After it."""
    sentence: str
    outcome: Outcome | None
