"""What a group's record of activities says, in AWS's words."""

from typing import Any

import pytest

from controller.platforms.asg.audit import LONGEST_COMPLAINT, complaint, surge_by, termination_by
from controller.platforms.asg.claims import TERMINATE, Evidence
from tests.platforms.test_claims import call, surge

STEP = "changing the desired capacity from 3 to 4."
USER = (
    f"At 2026-11-23T12:00:00Z a user request explicitly set group desired capacity {STEP}  At 2026-11-23T12:00:05Z an "
)
POLICY = f"At 2026-11-23T12:00:00Z a monitor alarm busy in state ALARM triggered policy more {STEP}  At"


def activity(cause: str, description: str = "Launching a new EC2 instance: i-9", **more: Any) -> dict[str, Any]:
    return {"Cause": cause, "Description": description, "StatusCode": "Successful", **more}


@pytest.mark.parametrize(
    ("causes", "expected"),
    [
        ([], Evidence.AMBIGUOUS),
        (["At 2026-11-23T12:00:00Z an instance was launched in response to an unhealthy instance"], Evidence.AMBIGUOUS),
        ([USER], Evidence.HAPPENED),
        ([POLICY], Evidence.DID_NOT),
        ([POLICY, USER], Evidence.HAPPENED),
        ([USER.replace("from 3 to 4", "from 13 to 14")], Evidence.AMBIGUOUS),
        ([USER.replace("from 3 to 4.", "from 3 to 40.")], Evidence.AMBIGUOUS),
    ],
)
def test_the_step_that_the_group_took_was_a_users_or_a_policys(causes: list[str], expected: Evidence) -> None:
    assert surge_by(map(activity, causes), surge(was=3)) is expected


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("in response to a user request, shrinking the capacity from 4 to 3.", Evidence.HAPPENED),
        ("in response to an EC2 health check indicating it has been terminated or stopped.", Evidence.DID_NOT),
        (None, Evidence.AMBIGUOUS),
    ],
)
def test_a_member_left_at_a_users_request_or_for_another_reason(reason: str | None, expected: Evidence) -> None:
    cause = f"At 2026-11-23T12:00:00Z instance i-9 was taken out of service {reason}"
    known = (
        [activity(cause, "Terminating EC2 instance: i-9")]
        if reason
        else [activity("", "Terminating EC2 instance: i-99")]
    )
    assert termination_by(known, call(TERMINATE, "unknown", instance="i-9", desired=4)) is expected


def test_the_newest_failure_is_what_people_read() -> None:
    failed = activity("", StatusCode="Failed", StatusMessage="no capacity")
    assert (
        complaint([activity(""), failed, activity("", StatusCode="Cancelled", StatusMessage="older")])
        == "Failed: no capacity"
    )
    assert complaint([activity("")]) == ""
    assert len(complaint([activity("", StatusCode="Failed", StatusMessage="x" * 9999)])) == LONGEST_COMPLAINT
