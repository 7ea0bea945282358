"""What a group does by itself as time passes: judge its members, replace the unhealthy, meet its desired capacity."""

from datetime import datetime, timedelta

from controller.demo.scenario import StatusCheck
from controller.demo.world.activities import DIFFERENCE, REPLACED_UNHEALTHY, Activity, at
from controller.demo.world.arrivals import Arrivals
from controller.demo.world.balancer import WorldBalancer
from controller.demo.world.conditions import Conditions
from controller.demo.world.departures import Departures
from controller.demo.world.members import Member, WorldGroup
from controller.demo.world.rebalancing import Rebalancing

EC2_HEALTH = "an EC2 health check indicating it has been terminated or stopped"
EC2_STATUS = "an EC2 instance status checks failure"
ELB_HEALTH = "an ELB system health check failure"
USER_HEALTH = "a user health-check"


class Keeper:
    """Moves the groups of a region on. Its `tick` is called under the world's lock, many times a second."""

    def __init__(
        self, balancer: WorldBalancer, conditions: Conditions, arrivals: Arrivals, departures: Departures
    ) -> None:
        self._balancer = balancer
        self._conditions = conditions
        self._arrivals = arrivals
        self._departures = departures
        self._rebalancing = Rebalancing(arrivals, departures)
        self._act_at: dict[str, datetime] = {}

    def tick(self, group: WorldGroup, now: datetime) -> list[Activity]:
        """Let a group catch up with `now`; the scaling activities that began."""
        self._arrivals.progress(group, now)
        for member in group.members:
            self._interrupt(member, now)
            self._judge(group, member, now)
        began = self._terminate_unhealthy(group, now)
        self._departures.progress(group, now)
        return began + self._meet_desired(group, now) + self._rebalancing.tick(group, now)

    def _interrupt(self, member: Member, now: datetime) -> None:
        """Spot: when its notice is over, EC2 takes the instance away, whatever anybody protected."""
        interrupted_at = self._conditions.interruptions.get(member.instance_id)
        if interrupted_at is not None and now >= interrupted_at and member.instance.state == "running":
            member.auto_scaling_group.ec2_backend.terminate_instances([member.instance_id])

    def _judge(self, group: WorldGroup, member: Member, now: datetime) -> None:
        """Let the group's own health checks find the member unhealthy; only a person can take that back."""
        if member.leaving is not None or group.is_suspended("HealthCheck") or member.health_status != "Healthy":
            return
        if because := self._trouble(group, member, now):
            member.health_status, member.unhealthy_because, member.unhealthy_at = "Unhealthy", because, now

    def _trouble(self, group: WorldGroup, member: Member, now: datetime) -> str | None:
        """What is wrong with a member in its group's eyes: EC2's always, its target groups' if the group asks them."""
        if member.instance.state not in ("pending", "running"):
            return EC2_HEALTH
        impaired_seconds = self._conditions.timings.impaired_seconds
        check, since = self._conditions.status_checks.get(member.instance_id, (StatusCheck.OK, now))
        if impaired_seconds is not None and check is StatusCheck.IMPAIRED:
            return EC2_STATUS if now >= since + timedelta(seconds=impaired_seconds) else None
        if group.health_check_type == "ELB" and member.in_service_at is not None:
            grace = timedelta(seconds=group.health_check_grace_period or 0)
            states = self._balancer.states(group.target_group_arns, member.instance_id).values()
            if now >= member.in_service_at + grace and "unhealthy" in states:
                return ELB_HEALTH
        return None

    def _terminate_unhealthy(self, group: WorldGroup, now: datetime) -> list[Activity]:
        """Terminate first, whatever the scale-in protection says; the launch follows in the same breath."""
        if group.is_suspended("ReplaceUnhealthy") or group.is_suspended("Terminate"):
            return []
        began = []
        patience = timedelta(seconds=self._conditions.timings.replace_seconds)
        for member in group.members:
            patient = member.unhealthy_at is not None and now < member.unhealthy_at + patience
            if member.health_status == "Unhealthy" and member.counts and not patient:
                because = member.unhealthy_because or USER_HEALTH
                what = at(now, f"an instance was taken out of service in response to {because}.")
                began.append(self._departures.begin(member, what, now))
                group.unhealthy_to_replace += 1
        return began

    def _meet_desired(self, group: WorldGroup, now: datetime) -> list[Activity]:
        present = sum(member.counts for member in group.members) - (group.balancer is not None)
        missing = int(group.desired_capacity or 0) - present
        process = "Launch" if missing > 0 else "Terminate"
        if missing <= 0:
            group.unhealthy_to_replace = 0
        if missing == 0:
            group.capacity_causes = ()
        if missing == 0 or group.is_suspended(process):
            self._act_at.pop(group.name, None)
            return []
        reaction = timedelta(seconds=0 if group.unhealthy_to_replace else self._conditions.timings.react_seconds)
        if now < self._act_at.setdefault(group.name, now + reaction):
            return []
        del self._act_at[group.name]
        if missing < 0:
            began = self._departures.shrink(group, -missing, now)
        else:
            began = self._grow(group, present, missing, now)
        group.capacity_causes = ()
        return began

    def _grow(self, group: WorldGroup, present: int, missing: int, now: datetime) -> list[Activity]:
        began: list[Activity] = []
        for _ in range(missing):
            cause = self._cause_of_launch(group, present, missing, now)
            activity = self._arrivals.launch(group, cause, now)
            began.append(activity)
            if activity.status_code == "Failed":
                self._act_at[group.name] = now + timedelta(seconds=self._conditions.timings.retry_seconds)
                break
            group.unhealthy_to_replace = max(0, group.unhealthy_to_replace - 1)
        return began

    @staticmethod
    def _cause_of_launch(group: WorldGroup, present: int, missing: int, now: datetime) -> str:
        if group.unhealthy_to_replace:
            return at(now, REPLACED_UNHEALTHY) + "."
        increasing = f"increasing the capacity from {present} to {present + missing}"
        started = at(now, f"an instance was started {DIFFERENCE}, {increasing}.")
        return "".join(group.capacity_causes) + started
