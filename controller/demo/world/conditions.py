"""What the driver knows and AWS's own records do not: how long things take, and which things were broken on purpose."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from controller.demo.emissions import Emits, MetricSpec
from controller.demo.scenario import StatusCheck, TargetState, Timings
from controller.demo.world.world_time import WorldTime

Emit = Callable[..., None]
"""Called as `emit("launched", group=..., instance=...)`; writes one line of the wire log."""


@dataclass(slots=True)
class Conditions:
    """Read and changed only under the world's lock.

    failing_images: ids of images whose instances fail their target groups' checks.
    undated_images: ids of images of which no API knows the date.
    status_checks: per instance id, what EC2's checks say and since when.
    target_faults: per instance id, what every target group is made to say.
    exhausted_groups: names of groups for which EC2 has no capacity.
    interruptions: per instance id, when EC2 takes a Spot instance back.
    launching_without_wish: names of groups whose desired capacity LaunchInstances does not raise, as AWS's might not.
    refreshes: per group, the state of an instance refresh and when it began.
    emits: what a group (by name), an image or an instance (by id) was said to emit.
    fleet_metrics: those of no instance.
    """

    timings: Timings
    emit: Emit
    time: WorldTime = field(default_factory=WorldTime)
    failing_images: set[str] = field(default_factory=set)
    undated_images: set[str] = field(default_factory=set)
    status_checks: dict[str, tuple[StatusCheck, datetime]] = field(default_factory=dict)
    target_faults: dict[str, TargetState] = field(default_factory=dict)
    exhausted_groups: set[str] = field(default_factory=set)
    interruptions: dict[str, datetime] = field(default_factory=dict)
    launching_without_wish: set[str] = field(default_factory=set)
    refreshes: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    emits: dict[str, Emits] = field(default_factory=dict)
    fleet_metrics: list[MetricSpec] = field(default_factory=list)
