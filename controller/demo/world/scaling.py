"""The Auto Scaling API's rules: what it refuses, and in which words. Fulfilment is the driver's."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from moto.autoscaling import models as moto_models
from moto.autoscaling import urls
from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import AutoScalingBackend

from controller.demo.world.activities import USER_REQUEST, Activity, at
from controller.demo.world.arrivals import Arrivals
from controller.demo.world.balancer import WorldBalancer
from controller.demo.world.conditions import Conditions
from controller.demo.world.departures import Departures
from controller.demo.world.hooks import Hooks
from controller.demo.world.keeper import Keeper
from controller.demo.world.members import Member, WorldGroup

MOST_ACTIVITIES = 1000
PROTECTABLE = ("InService", "EnteringStandby", "Standby")


class ScalingActivityInProgress(AutoscalingClientError):
    """The instance is on its way already."""

    code = "ScalingActivityInProgress"


class WorldAutoScaling(AutoScalingBackend):
    """moto's Auto Scaling, except that it checks what AWS checks and that wishes take their time."""

    def __init__(self, region_name: str, account_id: str, balancer: WorldBalancer, conditions: Conditions) -> None:
        super().__init__(region_name, account_id)
        moto_models.FakeAutoScalingGroup = WorldGroup  # type: ignore[misc]
        self.elbv2_backend = balancer
        self.conditions = conditions
        self.activities: list[Activity] = []
        self.hooks = Hooks(conditions, self.describe_lifecycle_hooks)
        self.arrivals = Arrivals(self.ec2_backend, balancer, conditions, self.hooks)
        self.departures = Departures(self.ec2_backend, balancer, conditions, self.arrivals, self.hooks)
        self._keeper = Keeper(balancer, conditions, self.arrivals, self.departures)

    @property
    def _url_module(self) -> Any:
        return urls

    @property
    def groups(self) -> Sequence[WorldGroup]:
        """Every group of the region."""
        return [group for group in self.autoscaling_groups.values() if isinstance(group, WorldGroup)]

    def tick(self) -> None:
        """Let every group catch up with the time."""
        now = self.conditions.time.now()
        for group in self.groups:
            self.activities.extend(self._keeper.tick(group, now))
        del self.activities[:-MOST_ACTIVITIES]

    def group_named(self, name: str) -> WorldGroup:
        """One group; a ValidationError when there is none of that name."""
        for group in self.groups:
            if group.name == name:
                return group
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")

    def member(self, instance_id: str) -> Member:
        """One member of any group; a ValidationError when no group has it."""
        for group in self.groups:
            for member in group.members:
                if member.instance_id == instance_id:
                    return member
        raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")

    def is_new(self, instance_id: str) -> bool:
        """Whether a member has been in service for less time than its first checks take."""
        first_checks = timedelta(seconds=self.conditions.timings.health_seconds)
        for group in self.groups:
            for member in group.members:
                if member.instance_id == instance_id and member.in_service_at is not None:
                    return self.conditions.time.now() < member.in_service_at + first_checks
        return False

    def set_desired_capacity(self, group_name: str, desired_capacity: int | None) -> None:
        """Set the wish, within the group's bounds."""
        group = self.group_named(group_name)
        desired = int(desired_capacity or 0)
        if desired > int(group.max_size or 0):
            raise ValidationError(
                f"New SetDesiredCapacity value {desired} is above max value {group.max_size} for the AutoScalingGroup."
            )
        if desired < int(group.min_size or 0):
            raise ValidationError(
                f"New SetDesiredCapacity value {desired} is below min value {group.min_size} for the AutoScalingGroup."
            )
        group.change_desired(desired, USER_REQUEST, self.conditions.time.now())

    def update_auto_scaling_group(self, name: str, **changes: Any) -> WorldGroup:  # type: ignore[override]
        """Change a group; a desired capacity that is not named follows new bounds that exclude it."""
        group = self.group_named(name)
        minimum = int(group.min_size or 0) if changes["min_size"] is None else int(changes["min_size"])
        maximum = int(group.max_size or 0) if changes["max_size"] is None else int(changes["max_size"])
        before = int(group.desired_capacity or 0)
        wanted = changes["desired_capacity"]
        desired = min(max(before, minimum), maximum) if wanted is None else int(wanted)
        if not minimum <= desired <= maximum:
            raise ValidationError(
                f"Desired capacity:{desired} must be between the specified min size:{minimum} and max size:{maximum}"
            )
        bounds = f"constraints to min: {minimum}, max: {maximum}, desired: {desired}"
        cause = f"a user request update of AutoScalingGroup {bounds}"
        group.change_desired(desired, cause, self.conditions.time.now())
        super().update_auto_scaling_group(name, **{**changes, "desired_capacity": desired})
        return group

    def terminate_instance(self, instance_id: str, should_decrement: bool) -> Activity:  # type: ignore[override]
        """Begin the termination of a member. Decrementing below MinSize is refused, and so is asking twice."""
        member = self.member(instance_id)
        group = member.auto_scaling_group
        if member.leaving is not None:
            raise ScalingActivityInProgress(f"Activity {member.leaving.activity.activity_id} is in progress.")
        before = int(group.desired_capacity or 0)
        what = f"instance {instance_id} was taken out of service in response to a user request"
        if should_decrement:
            self._refuse_below_minimum(group, 1)
            group.desired_capacity = before - 1
            what += f", shrinking the capacity from {before} to {before - 1}"
        now = self.conditions.time.now()
        activity = self.departures.begin(member, at(now, what) + ".", now)
        self.activities.append(activity)
        return activity

    def set_instance_protection(
        self, group_name: str, instance_ids: list[str], protected_from_scale_in: bool | None
    ) -> None:
        """Protect members that are in service or in standby; any other makes the whole request fail."""
        group = self.group_named(group_name)
        members = {member.instance_id: member for member in group.members}
        for instance_id in instance_ids:
            if instance_id not in members:
                raise ValidationError(f"The instance {instance_id} is not part of Auto Scaling group {group_name}.")
            if members[instance_id].lifecycle_state not in PROTECTABLE:
                raise ValidationError(f"The instance {instance_id} is not in InService or EnteringStandby or Standby.")
        super().set_instance_protection(group_name, instance_ids, protected_from_scale_in)

    def detach_instances(self, group_name: str, instance_ids: list[str], should_decrement: bool) -> list[Any]:
        """Let members go: they leave the target groups and run on."""
        group = self.group_named(group_name)
        members = [self.member(instance_id) for instance_id in instance_ids]
        if should_decrement:
            self._refuse_below_minimum(group, len(members))
        for member in members:
            self.arrivals.leave_target_groups(group, member)
        return super().detach_instances(group_name, instance_ids, should_decrement)

    def enter_standby_instances(self, group_name: str, instance_ids: list[str], should_decrement: bool) -> list[Any]:
        """Put members aside; the driver takes them out of the target groups."""
        group = self.group_named(group_name)
        for instance_id in instance_ids:
            self.member(instance_id)
        if should_decrement:
            self._refuse_below_minimum(group, len(instance_ids))
        return super().enter_standby_instances(group_name, instance_ids, should_decrement)

    def attach_instances(self, group_name: str, instance_ids: list[str]) -> None:
        """Not part of this world: its members are born in their groups."""
        raise NotImplementedError(f"AttachInstances of {instance_ids} to {group_name}")

    def notify_terminate_instances(self, instance_ids: list[str]) -> None:
        """Nothing yet: a group notices a dead member by its health check."""

    @staticmethod
    def _refuse_below_minimum(group: WorldGroup, count: int) -> None:
        if int(group.desired_capacity or 0) - count < int(group.min_size or 0):
            raise ValidationError(
                f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without replacement "
                "will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false "
                "or lower group's min size."
            )
