"""How a group loses members: terminations run through draining and shutting down, whoever asked for them."""

from collections import Counter
from datetime import datetime, timedelta

from moto.ec2.models import EC2Backend

from controller.demo.world.activities import DIFFERENCE, Activity, at, place
from controller.demo.world.arrivals import Arrivals, set_instance_state
from controller.demo.world.balancer import WorldBalancer
from controller.demo.world.conditions import Conditions
from controller.demo.world.hooks import Hooks
from controller.demo.world.members import TERMINATING, Leaving, Member, WorldGroup


class Departures:
    """Terminates members and sees them off. One per region, used under the world's lock."""

    def __init__(
        self, ec2: EC2Backend, balancer: WorldBalancer, conditions: Conditions, arrivals: Arrivals, hooks: Hooks
    ) -> None:
        self._hooks = hooks
        self._ec2 = ec2
        self._balancer = balancer
        self._conditions = conditions
        self._arrivals = arrivals

    def begin(self, member: Member, cause: str, now: datetime) -> Activity:
        """Take a member out of service: it is Terminating, and its target groups drain it."""
        group = member.auto_scaling_group
        activity = Activity(
            auto_scaling_group_name=group.name,
            description=f"Terminating EC2 instance: {member.instance_id}",
            cause=cause,
            start_time=now,
            details=place(str(member.instance.subnet_id), str(member.availability_zone)),
        )
        if member.launching is not None and member.launching.end_time is None:
            member.launching.finish(now, "Cancelled")
        member.lifecycle_state = TERMINATING
        member.leaving = Leaving(activity)
        self._arrivals.leave_target_groups(group, member)
        self._conditions.emit("terminating", group=group.name, instance=member.instance_id, cause=cause)
        return activity

    def progress(self, group: WorldGroup, now: datetime) -> None:
        """Shut down whoever has drained, and forget whoever is gone."""
        for member in [one for one in group.members if one.leaving is not None]:
            if member.leaving is None:
                continue
            if member.leaving.gone_at is None:
                self._shut_down_if_drained(group, member, member.leaving, now)
            elif member.leaving.gone_at <= now:
                self._forget(group, member, member.leaving, now)

    def shrink(self, group: WorldGroup, surplus: int, now: datetime) -> list[Activity]:
        """Scale in by up to `surplus` members, never a protected one: from the fullest zone, the oldest version first.

        After https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
        """
        activities = []
        before = sum(member.counts for member in group.members)
        for _ in range(surplus):
            candidates = [member for member in group.members if member.counts and not member.protected_from_scale_in]
            if not candidates:
                break
            crowd = Counter(member.availability_zone for member in candidates)
            victim = min(
                candidates, key=lambda one: (-crowd[one.availability_zone], one.version, one.instance.launch_time)
            )
            taken = (
                f"an instance was taken out of service {DIFFERENCE}, shrinking the capacity from {before} to "
                f"{before - surplus}"
            )
            selected = f"instance {victim.instance_id} was selected for termination"
            cause = f"{''.join(group.capacity_causes)}{at(now, taken)}.  {at(now, selected)}."
            activities.append(self.begin(victim, cause, now))
        return activities

    def _shut_down_if_drained(self, group: WorldGroup, member: Member, leaving: Leaving, now: datetime) -> None:
        states = self._balancer.states(group.target_group_arns, member.instance_id).values()
        if "draining" in states:
            leaving.activity.status_code = "WaitingForELBConnectionDraining"
            leaving.activity.progress = 50
            return
        if self._hooks.let_go(group, member, now) is None:
            return
        if member.instance.state != "terminated":
            set_instance_state(member.instance, "shutting-down", 32)
        leaving.activity.status_code = "InProgress"
        leaving.gone_at = now + timedelta(seconds=self._conditions.timings.terminate_seconds)

    def _forget(self, group: WorldGroup, member: Member, leaving: Leaving, now: datetime) -> None:
        if member.instance.state != "terminated":
            self._ec2.terminate_instances([member.instance_id])
        group.instance_states.remove(member)
        leaving.activity.finish(now)
        self._conditions.emit("gone", group=group.name, instance=member.instance_id)
