"""Scaling activities: what DescribeScalingActivities tells, in the words that Auto Scaling uses."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from moto.moto_api._internal import mock_random

USER_REQUEST = "a user request explicitly set group desired capacity"
DIFFERENCE = "in response to a difference between desired and actual capacity"
REPLACED_UNHEALTHY = "an instance was launched in response to an unhealthy instance needing to be replaced"
BALANCING = (
    "instances were launched to balance instances in zones with other zones resulting in more than desired number of "
    "instances in the group"
)
NO_CAPACITY = (
    "We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested ({zone}). Our "
    "system will be working on provisioning additional capacity. Launching EC2 instance failed."
)


@dataclass(slots=True)
class Activity:
    """One activity; the attributes bear the names of the API's members so that moto can serialise it.

    status_code: PreInService | InProgress | WaitingForELBConnectionDraining | Successful | Failed.
    """

    auto_scaling_group_name: str
    description: str
    cause: str
    start_time: datetime
    details: str
    status_code: str = "InProgress"
    status_message: str | None = None
    progress: int = 0
    end_time: datetime | None = None
    activity_id: str = field(default_factory=lambda: str(mock_random.uuid4()))

    def finish(self, now: datetime, status_code: str = "Successful") -> None:
        """Close the activity."""
        self.end_time, self.status_code, self.progress = now, status_code, 100


def at(moment: datetime, what: str) -> str:
    """One sentence of a cause: `At 2026-11-23T12:00:00Z an instance was ...`, without the full stop."""
    return f"At {moment:%Y-%m-%dT%H:%M:%SZ} {what}"


def place(subnet_id: str, zone: str) -> str:
    """The `Details` of an activity."""
    return json.dumps({"Subnet ID": subnet_id, "Availability Zone": zone}, separators=(",", ":"))


def newest_first(activities: list[Activity]) -> list[Activity]:
    """The order of the API: those in progress first, then by start."""
    return sorted(activities, key=lambda one: (one.end_time is None, one.start_time), reverse=True)
