"""What is seen: instances, groups, signals, and the frozen Snapshot that every decision is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite

from controller.domain.memory import Memory
from controller.domain.past import History
from controller.domain.replacement import Replacement
from controller.domain.request import Request
from controller.domain.veto import Veto


class InstanceState(StrEnum):
    """Where an instance stands in its platform's own life cycle, in words that all platforms share."""

    PENDING = "pending"
    IN_SERVICE = "in_service"
    STANDBY = "standby"
    TERMINATING = "terminating"
    DETACHED = "detached"


LEAVING = frozenset({InstanceState.TERMINATING, InstanceState.DETACHED})
"""States that nobody comes back from."""


@dataclass(frozen=True, slots=True)
class Image:
    """What an instance was started from. `created_at` is None when no trustworthy date is known: unknown, not old."""

    id: str
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What one balancer says of one instance.

    state: healthy | unhealthy | initial | draining | unavailable | unused | unknown (the balancer could not be read).
    reason: the balancer's own words.
    """

    balancer: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """A member of a fleet.

    healthy: what the platform's own checks say. None when they say nothing.
    targets: one entry per balancer of its group, in the group's order; empty when the group has no balancer.
    names: every name telemetry may know it by (private DNS name, host name, address), beside its id.
    vetoes: why this instance has to be left alone, in the platform's knowledge (protected, stateful, standby).
    launch_image: what a launch in its place would use now, where members of one group may differ in that.
    """

    id: str
    group: str
    zone: str
    state: InstanceState
    image: Image
    launched_at: datetime | None = None
    healthy: bool | None = None
    targets: tuple[Target, ...] = ()
    names: tuple[str, ...] = ()
    vetoes: tuple[Veto, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    launch_image: Image | None = None

    @property
    def name(self) -> str | None:
        """What people call it, where its platform gives names."""
        return self.attributes.get("container.name")

    @property
    def left_to_platform(self) -> bool:
        """Whether its platform says that it is about to replace it."""
        return any(veto.rule == "platform_replacing" for veto in self.vetoes)

    @property
    def serving(self) -> bool:
        """In service, not called unhealthy by the platform, and healthy in every balancer. Unknown is not serving."""
        checks_pass = self.state is InstanceState.IN_SERVICE and self.healthy is not False
        return checks_pass and all(target.state == "healthy" for target in self.targets)

    @property
    def leaving(self) -> bool:
        """Whether it will not be a member much longer."""
        return self.state in LEAVING


@dataclass(frozen=True, slots=True)
class Group:
    """The platform's unit of capacity: an Auto Scaling group, an ECS service. A fleet has one or more.

    desired, minimum, maximum: in instances.
    launch_image: what a launch would use now; None when it cannot be told.
    balancers: ids of the target groups (or other balancers) that its members serve through.
    vetoes: why nothing in this group may be replaced now (platform_busy, no_capacity, managed_elsewhere ...).
    """

    name: str
    desired: int
    minimum: int
    maximum: int
    launch_image: Image | None = None
    balancers: tuple[str, ...] = ()
    vetoes: tuple[Veto, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything a platform says about a fleet at one moment.

    scope: standard resource attributes that hold for all of it (cloud.provider, cloud.region, cloud.account.id).
    gaps: sentences about what could not be read; an instance that depends on it carries the unknown itself.
    going: the members that leave, or that their platform is about to replace. Found once: every candidate's rules ask.
    """

    read_at: datetime
    groups: tuple[Group, ...]
    instances: tuple[Instance, ...]
    scope: Mapping[str, str] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    going: tuple[Instance, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        going = (one for one in self.instances if one.state is InstanceState.TERMINATING or one.left_to_platform)
        object.__setattr__(self, "going", tuple(going))

    def instance(self, instance_id: str) -> Instance | None:
        """The member of that id, or None when it is not (or no longer) a member."""
        return next((member for member in self.instances if member.id == instance_id), None)

    def group(self, name: str) -> Group | None:
        """The group of that name, or None."""
        return next((group for group in self.groups if group.name == name), None)

    def launch_image(self, instance: Instance) -> Image | None:
        """What a launch in the place of this instance would use now; None when that cannot be told."""
        group = self.group(instance.group)
        return instance.launch_image or (group.launch_image if group else None)

    def members(self, group: str) -> tuple[Instance, ...]:
        """The members of one group, pending and terminating included."""
        return tuple(member for member in self.instances if member.group == group)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value at one moment, by the source's own timestamp."""

    value: float | str
    measured_at: datetime


@dataclass(frozen=True, slots=True)
class Signal:
    """What one probe knows of one instance under one condition.

    readings: oldest first, at least one. Probes without history give exactly one.
    query: what was asked, so that a person can ask it again.
    period_seconds: the distance at which the source measures; 0 when it answers with the present state.
    lag_seconds: how late a reading reaches the source by the source's own nature; until then its absence means nothing.
    samples: a few of the things counted (log lines), where they condemn; few, short, and without secrets.
    """

    readings: tuple[Reading, ...]
    query: str
    unit: str = ""
    period_seconds: float = 0.0
    lag_seconds: float = 0.0
    samples: tuple[str, ...] = ()

    @property
    def latest(self) -> Reading:
        """The newest reading."""
        return self.readings[-1]

    @property
    def stale_at(self) -> datetime | None:
        """From when on the newest reading is too old to say anything: two periods and the lag after it was measured.
        None where the source answers with the present state."""
        if not self.period_seconds:
            return None
        return self.latest.measured_at + timedelta(seconds=2 * self.period_seconds + self.lag_seconds)


@dataclass(frozen=True, slots=True)
class Unknown:
    """No usable reading, and the reason in words. Never zero, never old, never sick.

    settling: the source speaks, and lacks only what lies before it did: it is not quiet, and this passes by itself.
    """

    reason: str
    query: str = ""
    settling: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """An operator's stop. scope: `all`, `fleet:NAME` or `instance:ID`. Without `expires_at` it lasts until resumed."""

    scope: str
    reason: str
    by: str
    created_at: datetime
    expires_at: datetime | None = None

    def sentence(self) -> str:
        """Who stopped what, why, until when."""
        until = f"until {self.expires_at:%Y-%m-%d %H:%M:%S} UTC" if self.expires_at else "until resumed"
        return f"{self.scope} held by {self.by} {until}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Breaker:
    """The daemon's own stop for one cause in one fleet, opened by evidence.

    image_id: what the failed successor was started from; None when it is not known.
    """

    fleet: str
    cause: str
    reason: str
    opened_at: datetime
    image_id: str | None = None


MOST_NAMES = 10
"""Of names that are nobody's, in what is said about a source."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a telemetry source and the inventory speak of the same instances, for one rule at one tick.

    source: its name in the configuration. resolved: how many of the instances asked about (`of`) have rows in it.
    unmatched: names in its rows that are nobody's here, at most MOST_NAMES. unmatched_count: how many there are.
    """

    rule: str
    source: str
    resolved: int
    of: int
    unmatched: tuple[str, ...] = ()
    unmatched_count: int = 0


@dataclass(frozen=True, slots=True)
class Declared:
    """The configuration in force. hash: of its text. version: what S3 or SSM calls it; empty for a file."""

    hash: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The one value that decisions are made from. Whatever is not in here was not known.

    own_instances: ids or names of the instances that the daemon itself runs on or in: a host, a container.
    guards: what each of the policy's guards says of the fleet as a whole.
    journal_lost_since: from when on the journal could not be reached: what comes from it is as old. None while it can.
    declared: in which configuration the policy stands, for the trace of what is decided; nothing is decided by it.
    """

    fleet: str
    now: datetime
    inventory: Inventory
    signals: Mapping[tuple[str, str], Signal | Unknown]
    memory: Memory = field(default_factory=Memory)
    open_replacements: tuple[Replacement, ...] = ()
    holds: tuple[Hold, ...] = ()
    breakers: tuple[Breaker, ...] = ()
    history: History = field(default_factory=History)
    observed_from: datetime | None = None
    requests: tuple[Request, ...] = ()
    own_instances: frozenset[str] = frozenset()
    coverage: tuple[Coverage, ...] = ()
    guards: Mapping[str, Signal | Unknown] = field(default_factory=dict)
    journal_lost_since: datetime | None = None
    declared: Declared = Declared()

    def request(self, instance_id: str) -> Request | None:
        """What was proposed or asked for this instance, if it still stands."""
        found = (item for item in self.requests if item.instance_id == instance_id and item.stands(self.now))
        return next(found, None)

    def signal(self, instance_id: str, condition: str) -> Signal | Unknown:
        """What is known of an instance under a condition; Unknown when nobody asked, when it is no number (NaN), or
        when it is stale."""
        return self._usable(self.signals.get((instance_id, condition), Unknown("not read")))

    def guard(self, name: str) -> Signal | Unknown:
        """The same of the whole fleet, under one of the policy's guards."""
        return self._usable(self.guards.get(name, Unknown("not read")))

    def _usable(self, found: Signal | Unknown) -> Signal | Unknown:
        if not isinstance(found, Signal):
            return found
        if isinstance(found.latest.value, float) and not isfinite(found.latest.value):
            return Unknown(f"{found.latest.value} is not a number", found.query)
        if found.stale_at is not None and self.now > found.stale_at:
            old_seconds = (self.now - found.latest.measured_at).total_seconds()
            late = f" and a lag of {found.lag_seconds:g} s" if found.lag_seconds else ""
            why = f"more than two periods of {found.period_seconds:g} s{late}"
            return Unknown(f"stale: the newest reading is {old_seconds:.0f} s old, {why}", found.query)
        return found
