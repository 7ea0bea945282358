"""What a group's own record of scaling activities says about a call of ours that the numbers leave open. Pure.

Auto Scaling writes down why each activity began, in sentences for people
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-verify-scaling-activity.html). So only what is there counts:
a sentence that is missing, or worded otherwise, says nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from controller.domain.replacement import Call
from controller.platforms.asg.claims import Evidence, Surge

FAILING = frozenset({"Failed", "Cancelled"})
LONGEST_COMPLAINT = 300

Activities = Iterable[Mapping[str, Any]]
"""Entries of DescribeScalingActivities, newest first, none older than the call in question."""


def surge_by(activities: Activities, surge: Surge) -> Evidence:
    """Whose step from `was` to `was + 1` it is that the group has taken: a user's (ours), or a policy's, and then ours
    was lost. AMBIGUOUS when no activity names that step."""
    step = f"changing the desired capacity from {surge.was} to {surge.was + 1}."
    ours = f"a user request explicitly set group desired capacity {step}"
    causes = [_cause(activity) for activity in activities]
    if any(ours in cause for cause in causes):
        return Evidence.HAPPENED
    return Evidence.DID_NOT if any(step in cause for cause in causes) else Evidence.AMBIGUOUS


def termination_by(activities: Activities, call: Call) -> Evidence:
    """Whether the member of a termination in doubt left at a user's request (ours), or for another reason."""
    instance = call.arguments["instance"]
    for activity in activities:
        if (activity.get("Description") or "").endswith(f"Terminating EC2 instance: {instance}"):
            ours = f"instance {instance} was taken out of service in response to a user request" in _cause(activity)
            return Evidence.HAPPENED if ours else Evidence.DID_NOT
    return Evidence.AMBIGUOUS


def complaint(activities: Activities) -> str:
    """The newest activity that failed, in AWS's words; empty without one."""
    for activity in activities:
        if activity["StatusCode"] in FAILING:
            words = activity.get("StatusMessage") or activity.get("Description") or ""
            return f"{activity['StatusCode']}: {words}"[:LONGEST_COMPLAINT]
    return ""


def _cause(activity: Mapping[str, Any]) -> str:
    return activity.get("Cause") or ""
