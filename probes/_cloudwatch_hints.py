"""Why CloudWatch has no point of a metric, as far as its list of metrics can tell."""

from datetime import datetime

from controller.clients.aws import Aws, AwsScope
from controller.domain.errors import PlatformError
from probes._cloudwatch_options import CloudwatchOptions

STANDS_SECONDS = 600
MOST_AT_ONCE = 5
"""Instances that are asked about in one look; the others get the general hint until it is their turn."""

MOST_KNOWN = 2000
GENERAL = (
    "all of the metric's dimensions must be named (the agent publishes disk metrics with device, fstype and path), "
    "and its agent must run"
)


class Hints:
    """Asks ListMetrics under which dimensions a metric is there, which is what people get wrong."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._known: dict[tuple[AwsScope, str], tuple[datetime, str]] = {}
        self._turn: tuple[datetime | None, int] = (None, 0)

    async def about(self, scope: AwsScope, options: CloudwatchOptions, instance_id: str | None, at: datetime) -> str:
        """A sentence about the metric of one instance, or of a fleet. Never raises: it is a hint."""
        key = (scope, options.query(instance_id))
        asked_at, hint = self._known.get(key, (None, GENERAL))
        if asked_at is not None and abs((at - asked_at).total_seconds()) < STANDS_SECONDS:
            return hint
        turn, asked = self._turn if self._turn[0] == at else (at, 0)
        if asked >= MOST_AT_ONCE:
            return hint
        self._turn = (turn, asked + 1)
        if len(self._known) >= MOST_KNOWN:
            self._known = {}
        try:
            hint = await self._published(scope, options, instance_id)
        except PlatformError:
            hint = GENERAL
        self._known[key] = (at, hint)
        return hint

    async def _published(self, scope: AwsScope, options: CloudwatchOptions, instance_id: str | None) -> str:
        filters = [{"Name": options.dimension, "Value": instance_id}] if instance_id else []
        about = {"Namespace": options.namespace, "MetricName": options.metric, "Dimensions": filters}
        rows = (await self._aws.read(scope, "cloudwatch", "ListMetrics", **about)).get("Metrics", ())
        found = {frozenset(str(one.get("Name", "")) for one in row.get("Dimensions", ())) for row in rows}
        if not found:
            return f"no {options.metric} is published for it in {options.namespace}: is its agent running?"
        if set(options.dimensions_of(instance_id)) in found:
            return "the metric itself is there: has its agent stopped, or only just begun?"
        sets = sorted(", ".join(sorted(names - {options.dimension})) or "none" for names in found)
        return f"it is published with other dimensions ({' or '.join(sets[:3])}): name them under `dimensions`"
