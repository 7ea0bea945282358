"""Schedules of faults, each from its seed: what a network and an API under load do to a daemon within half an hour.

The story is always the same: of six web servers one fails its checks and one has a filling disk, two minutes in; the
other four are well. Whatever the faults, these two are replaced and nobody else is, and the fleet ends as it began.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from tests.scenarios.harness.case import Story

CONFIG = Path(__file__).parent / "schedules.yaml"
SICK, FULL = "i-web-4", "i-web-5"
FAULTY_SECONDS = 1500
WELL = ("i-web-1", "i-web-2", "i-web-3", "i-web-6")

READS = (
    *("DescribeAutoScalingGroups", "DescribeInstances", "DescribeTargetHealth", "DescribeScalingActivities"),
    *("DescribeImages", "DescribeLaunchTemplateVersions", "DescribeInstanceRefreshes", "DescribeTags", "GetMetricData"),
    *("DescribeInstanceImageMetadata", "DescribeInstanceStatus", "Describe*"),
)
WRITES = (
    *("SetDesiredCapacity", "SetInstanceProtection", "DeregisterTargets", "RegisterTargets"),
    "TerminateInstanceInAutoScalingGroup",
)
THROTTLES = ("Throttling", "RequestLimitExceeded", "ThrottlingException")
BROKEN = ("InternalFailure", "InternalError", "ServiceUnavailable")
SPOILED = ("stale", "stale", "empty_page", "truncated", "garbage", "dribble")


def story(seed: int) -> Story:
    """The story with the faults of this seed. Seed 0 has none."""
    web = {
        "zones": ["eu-west-1a"],
        "images": [{"created_days_ago": 3}],
        "minimum": 2,
        "maximum": 8,
        "members": [{"zone": "eu-west-1a", "age_days": 3}] * 6,
        "emits": {"metrics": [{"name": "disk_used_percent", "dimensions": {"path": "/"}, "value": 20}]},
    }
    faults = _faults(Random(seed)) if seed else ()
    return Story.model_validate(
        {
            "story": f"faults of seed {seed}",
            "seed": seed,
            "groups": {"web": web},
            "timeline": [
                {"at": "2m", "world": {"kind": "target", "instance": SICK, "state": "unhealthy"}},
                {"at": "2m", "world": {"kind": "metric", "name": "disk_used_percent", "instance": FULL, "value": 96}},
                *faults,
            ],
        }
    )


def _faults(dice: Random) -> Iterator[dict[str, Any]]:
    for _ in range(dice.randint(5, 14)):
        yield {"at": round(dice.uniform(0, FAULTY_SECONDS)), "fault": _fault(dice)}


def _fault(dice: Random) -> dict[str, Any]:
    """One rule. A write is refused before it takes effect, or loses its answer after it did; a read also lies."""
    often = dice.choice((1, 1, 2, 3, 6))
    struck = {"nth": dice.randint(1, 4), "times": often}
    if dice.random() < 0.45:
        action = dice.choice(WRITES)
        moment = dice.choice(("before", "after"))
        deed = dice.choice(
            (
                {"error_code": dice.choice(THROTTLES), "moment": "before"},
                {"error_code": dice.choice(BROKEN), "error_status": 500, "moment": moment},
                {"reset": True, "moment": moment},
                {"spoil": dice.choice(("truncated", "garbage", "dribble"))},
            )
        )
        return {"action": action, **struck, **deed}
    lie: dict[str, Any] = dice.choice(
        (
            {"error_code": dice.choice(THROTTLES)},
            {"error_code": dice.choice(BROKEN), "error_status": 500},
            {"reset": True, "moment": "before"},
            {"spoil": dice.choice(SPOILED), "stale_seconds": dice.choice((15, 45, 90))},
            {"spoil": dice.choice(SPOILED), "stale_seconds": dice.choice((15, 45, 90))},
        )
    )
    return {"action": dice.choice(READS), **struck, **lie}
