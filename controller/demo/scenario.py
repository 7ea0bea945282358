"""What an embedded world is made of, as data: images, groups, members, and how long things take.

A scenario is JSON on its way to the world's process (`python -m controller.demo.world --scenario FILE.json`), so every
model here refuses unknown keys. Ages are counted back from the moment the world starts.
"""

from enum import StrEnum
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from controller.demo.emissions import Emits, MetricSpec


class Model(BaseModel):
    """A frozen part of a scenario; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StatusCheck(StrEnum):
    """What EC2's status checks say of an instance. `NOT_REPORTED` leaves it out of DescribeInstanceStatus."""

    OK = "ok"
    IMPAIRED = "impaired"
    INSUFFICIENT_DATA = "insufficient-data"
    INITIALIZING = "initializing"
    NOT_REPORTED = "not-reported"


class TargetState(StrEnum):
    """What a target group is made to say of an instance. `HEALTHY` takes an earlier fault back."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    INITIAL = "initial"
    UNAVAILABLE = "unavailable"


class Timings(Model):
    """How long things take here, in seconds. On a real account each is seconds to minutes.

    react: from a changed desired capacity (or a lost member) to the group acting on it.
    boot: a newcomer is Pending. health: a registered target is `initial`, and EC2's checks are `initializing`.
    drain: a deregistered target is `draining`. terminate: from drained to gone.
    retry: between launches that failed for want of capacity. tick: how often the world is moved on.
    replace: for how long a member that its group calls unhealthy is still in service. A real group takes a moment.
    impaired: for how long a group bears a member whose EC2 status checks fail before it replaces it, terminate-first;
    None is for ever. A real group replaces it after some minutes.
    """

    react_seconds: float = Field(default=0.2, ge=0)
    boot_seconds: float = Field(default=2.5, ge=0)
    health_seconds: float = Field(default=1.5, ge=0)
    drain_seconds: float = Field(default=1.5, ge=0)
    terminate_seconds: float = Field(default=1.0, ge=0)
    retry_seconds: float = Field(default=1.0, ge=0)
    replace_seconds: float = Field(default=0.0, ge=0)
    impaired_seconds: float | None = Field(default=None, ge=0)
    tick_seconds: float = Field(default=0.05, gt=0)

    def faster(self, speed: float) -> Self:
        """The same timings with everything `speed` times as fast; the tick stays."""
        waits = {name: value / speed for name, value in self if name != "tick_seconds" and value is not None}
        return self.model_copy(update=waits)


class ImageSpec(Model):
    """One version of the launch template, and the image that it names.

    created_days_ago: None means that no API knows the image's date: DescribeImages does not list the image and
    DescribeInstanceImageMetadata leaves the date out.
    passes_checks: False makes every instance born of it fail its target groups' checks.
    emits: what its instances emit, instead of or beside what their group says.
    """

    created_days_ago: float | None
    passes_checks: bool = True
    emits: Emits = Emits()


class MemberSpec(Model):
    """An instance that is InService, and healthy in every target group, when the world starts.

    version: the launch template version it was born of, counted from 1. protected: scale-in protection set by a person.
    emits: what it alone emits, instead of or beside what its group and its image say.
    """

    zone: str
    version: int = Field(default=1, ge=1)
    age_days: float = Field(default=1.0, ge=0)
    protected: bool = False
    status: StatusCheck = StatusCheck.OK
    target: TargetState = TargetState.HEALTHY
    emits: Emits = Emits()


class HookSpec(Model):
    """A lifecycle hook. seconds: its heartbeat; nobody completes it unless a test does. result: what happens then."""

    on: Literal["launch", "terminate"]
    seconds: int = Field(ge=1)
    result: Literal["CONTINUE", "ABANDON"] = "CONTINUE"


class GroupSpec(Model):
    """An Auto Scaling group with a launch template of its own.

    images: one per version of the launch template, oldest first. default_version: what `$Default` means.
    template_version: the version the group asks for: `$Default`, `$Latest` or a number.
    target_groups: how many; each hangs on a load balancer. zones: one subnet each.
    health_check: ELB makes the group itself replace a member that its target groups call unhealthy, terminate-first.
    hooks: its lifecycle hooks. rebalances: it balances its zones by itself once they differ by two (AZRebalance).
    instance_refresh: the state of a refresh that DescribeInstanceRefreshes reports, if any (`InProgress`).
    emits: what each member emits, newcomers included. fleet_metrics: metrics that name no instance.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,27}$")
    zones: tuple[str, ...] = Field(min_length=1, max_length=6)
    images: tuple[ImageSpec, ...] = Field(min_length=1)
    members: tuple[MemberSpec, ...]
    minimum: int = Field(ge=0)
    maximum: int = Field(ge=0)
    default_version: int = 1
    template_version: str = "$Default"
    target_groups: int = Field(default=1, ge=0, le=5)
    instance_type: str = "t3.micro"
    tags: dict[str, str] = Field(default_factory=dict)
    health_check: Literal["EC2", "ELB"] = "EC2"
    health_check_grace_seconds: int = Field(default=0, ge=0)
    new_members_protected: bool = False
    suspended_processes: tuple[str, ...] = ()
    warm_pool: bool = False
    hooks: tuple[HookSpec, ...] = ()
    rebalances: bool = False
    instance_refresh: str | None = None
    emits: Emits = Emits()
    fleet_metrics: tuple[MetricSpec, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if not self.minimum <= len(self.members) <= self.maximum:
            message = f"{self.name}: {len(self.members)} members, but min {self.minimum} and max {self.maximum}"
            raise ValueError(message)
        versions = range(1, len(self.images) + 1)
        if self.default_version not in versions:
            raise ValueError(f"{self.name}: there is no image for default version {self.default_version}")
        for member in self.members:
            if member.zone not in self.zones:
                raise ValueError(f"{self.name}: a member is in {member.zone}, which is none of the group's zones")
            if member.version not in versions:
                raise ValueError(f"{self.name}: a member was born of version {member.version}, which has no image")
        return self


class Scenario(Model):
    """A whole world: one account, one region, its groups. `seed` makes ids and random choices the same each time.

    starts_at: the world has a calendar of its own, that begins here and stands still until somebody moves it on.
    """

    region: str = "eu-west-1"
    seed: int | None = None
    starts_at: AwareDatetime | None = None
    timings: Timings = Timings()
    groups: tuple[GroupSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [group.name for group in self.groups]
        if len(set(names)) != len(names):
            raise ValueError("two groups have the same name")
        return self
