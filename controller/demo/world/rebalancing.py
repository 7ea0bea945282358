"""Balancing between zones: a group whose zones differ by two launches one where few are, then ends one where many are.

For that while it has one member more than it desires, as on AWS:
https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html#AutoScalingBehavior.InstanceUsage
"""

from collections import Counter
from datetime import datetime

from controller.demo.world.activities import BALANCING, Activity, at
from controller.demo.world.arrivals import Arrivals
from controller.demo.world.departures import Departures
from controller.demo.world.members import IN_SERVICE, Member, WorldGroup

UNEVEN = 2
"""By how many members two zones have to differ."""


class Rebalancing:
    """One per region, used under the world's lock."""

    def __init__(self, arrivals: Arrivals, departures: Departures) -> None:
        self._arrivals = arrivals
        self._departures = departures

    def tick(self, group: WorldGroup, now: datetime) -> list[Activity]:
        """Begin to balance, or end what was begun; the scaling activities that began."""
        if group.balancer is not None:
            return self._go_on(group, group.balancer, now)
        if not group.rebalances or group.is_suspended("AZRebalance") or not self._is_quiet(group):
            return []
        crowd = Counter(dict.fromkeys(self._arrivals.zones(group), 0))
        crowd.update(str(member.availability_zone) for member in group.members)
        if max(crowd.values()) - min(crowd.values()) < UNEVEN:
            return []
        activity = self._arrivals.launch(group, at(now, BALANCING) + ".", now)
        group.balancer = group.members[-1] if activity.status_code != "Failed" else None
        return [activity]

    def _go_on(self, group: WorldGroup, newcomer: Member, now: datetime) -> list[Activity]:
        if newcomer not in group.members or newcomer.leaving is not None:
            group.balancer = None
            return []
        if newcomer.lifecycle_state != IN_SERVICE:
            return []
        group.balancer = None
        return self._departures.shrink(group, 1, now)

    @staticmethod
    def _is_quiet(group: WorldGroup) -> bool:
        settled = all(member.lifecycle_state == IN_SERVICE for member in group.members)
        return settled and len(group.members) == int(group.desired_capacity or 0)
