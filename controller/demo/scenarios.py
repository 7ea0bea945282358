"""The scenarios: the newcomer's fleet behind `repave demo`, and a builder of plain fleets for tests."""

from controller.demo.emissions import Emits, MetricSpec
from controller.demo.scenario import (
    GroupSpec,
    ImageSpec,
    MemberSpec,
    Scenario,
    StatusCheck,
    TargetState,
    Timings,
)

AGED_IMAGE = ImageSpec(created_days_ago=90)
FRESH_IMAGE = ImageSpec(created_days_ago=2)

DISK = MetricSpec(name="disk_used_percent", dimensions={"path": "/"}, value=38, noise=1.5, every_seconds=1)
FILLING_DISK = DISK.model_copy(update={"value": 85.0, "per_minute": 60.0, "highest": 98.0, "noise": 0.2})
"""What the CloudWatch agent of a member tells of its disk, every second; this one is past 90 % within some seconds."""


def demo() -> Scenario:
    """Eight web servers over three zones, of which three have to go and two must be left alone.

    Version 1 of the launch template names an image of 90 days, version 2 one of two days, and the group launches
    version 2. One member of version 2 fails its load balancer's checks; the disk of another fills up, as its agent
    tells CloudWatch; one of version 1 runs the aged image; another of version 1 does too, but somebody protected it
    from scale-in; and of one member of version 2, EC2's status checks report `insufficient-data`: a rule on them is
    blind there. MaxSize leaves room for two more. Eight over three zones:
    a ninth makes them even, so that a predecessor of any zone can leave; at nine, the group's choice of zone would have
    to be lucky.
    """
    first, second, third = zones = ("eu-west-1a", "eu-west-1b", "eu-west-1c")
    members = (
        MemberSpec(zone=first, version=2, age_days=1.4),
        MemberSpec(zone=second, version=2, age_days=1.1),
        MemberSpec(zone=third, version=2, age_days=0.9),
        MemberSpec(zone=first, version=2, age_days=1.2, target=TargetState.UNHEALTHY),
        MemberSpec(zone=second, version=1, age_days=47),
        MemberSpec(zone=third, version=2, age_days=1.3, emits=Emits(metrics=(FILLING_DISK,))),
        MemberSpec(zone=first, version=2, age_days=0.7, status=StatusCheck.INSUFFICIENT_DATA),
        MemberSpec(zone=second, version=1, age_days=52, protected=True),
    )
    web = GroupSpec(
        name="web",
        zones=zones,
        images=(AGED_IMAGE, FRESH_IMAGE),
        default_version=2,
        members=members,
        minimum=6,
        maximum=len(members) + 2,
        tags={"fleet": "web", "env": "demo"},
        emits=Emits(metrics=(DISK,)),
    )
    return Scenario(region="eu-west-1", seed=1, groups=(web,))


def fleet(
    name: str = "web",
    *,
    instances: int = 3,
    aged: int = 0,
    zones: int = 3,
    target_groups: int = 1,
    headroom: int = 1,
) -> GroupSpec:
    """A group of healthy members spread evenly over its zones; the first `aged` of them run a 90-day-old image.

    The launch template's default is the fresh image. MinSize is 0. What else a test needs, it changes with
    `model_copy(update={...})`.
    """
    names = tuple(f"eu-west-1{letter}" for letter in "abcdef"[:zones])
    members = tuple(
        MemberSpec(zone=names[n % zones], version=1 if n < aged else 2, age_days=40.0 if n < aged else 1.0)
        for n in range(instances)
    )
    return GroupSpec(
        name=name,
        zones=names,
        images=(AGED_IMAGE, FRESH_IMAGE),
        default_version=2,
        members=members,
        minimum=0,
        maximum=instances + headroom,
        target_groups=target_groups,
        tags={"fleet": name},
    )


QUICK = Timings(
    react_seconds=0.05,
    boot_seconds=0.3,
    health_seconds=0.3,
    drain_seconds=0.3,
    terminate_seconds=0.2,
    retry_seconds=0.2,
    tick_seconds=0.02,
)
"""Timings for tests: every phase is long enough to be seen over HTTP, and a whole replacement takes about 1.5 s."""


def quick(*groups: GroupSpec, timings: Timings = QUICK, seed: int = 1) -> Scenario:
    """A scenario of `groups` with the timings of tests."""
    return Scenario(region="eu-west-1", seed=seed, timings=timings, groups=groups)
