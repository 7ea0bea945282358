"""What a test asks `cloudwatch` about disks, and CloudWatch's answers."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from controller.domain.ports import ProbeRequest
from probes.cloudwatch import PROBE, Cloudwatch
from tests.clients.fake_aws import Answer, ok_json
from tests.probes.fleet import NOW, instance, request

OPERATION = "GetMetricData"
DISK = {"namespace": "CWAgent", "metric": "disk_used_percent", "stat": "Maximum", "dimensions": {"path": "/"}}


def minutes(*values: float, until: datetime = NOW) -> dict[str, Any]:
    """A whole series of one point per minute; the last minute ends at `until`."""
    first = until.timestamp() - 60 * len(values)
    return {"Timestamps": [first + 60 * number for number in range(len(values))], "Values": list(values)}


def row(of: str = "i-0a", status: str = "Complete", **more: Any) -> dict[str, Any]:
    """A series of one instance: what is asked for `i-0a` is called `of_i_2d0a`."""
    return {
        "Id": "of_" + of.replace("-", "_2d"),
        "StatusCode": status,
        "Label": "disk",
        "Timestamps": [],
        "Values": [],
        **more,
    }


def page(*rows: dict[str, Any], **more: Any) -> Answer:
    return ok_json({"MetricDataResults": rows, **more})


def question(*ids: str, at: datetime = NOW, for_seconds: float = 300, **options: Any) -> ProbeRequest:
    asked = request(PROBE, *(instance(one) for one in ids or ("i-0a",)))
    condition = replace(
        asked.condition, options=PROBE.options.model_validate({**DISK, **options}), for_seconds=for_seconds
    )
    return replace(asked, condition=condition, at=at)


async def look(probe: Cloudwatch, *ids: str, **more: Any) -> Any:
    found = await probe.read(question(*ids, **more))
    return found["i-0a"] if not ids else [found[one] for one in ids]
