"""A fleet to ask probes about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from controller.clients.aws import Aws
from controller.domain.model import Group, Image, Instance, InstanceState, Inventory
from controller.domain.policy import Above, AtLeast, Cause, Condition
from controller.domain.ports import ProbeRequest, ProbeSpec

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEB = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/73e2d6bc24d8a067"
API = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/api/63e2d6bc24d8a067"
SCOPE = {"cloud.provider": "aws", "cloud.region": "eu-west-1", "repave.aws.role_arn": ""}

TEMPLATE = {"launch_template_id": "lt-0a", "launch_template_version": "5"}
"""Of every instance, and of a launch in its group."""


OPTIONS: dict[str, Any] = {
    "cloudwatch": {"namespace": "CWAgent", "metric": "mem_used_percent"},
    "cloudwatch_logs": {"group": "/web/system", "match": "Out of memory"},
    "docker_logs": {"match": "Out of memory"},
    "docker_stats": {"metric": "memory_percent"},
    "http": {"port": 80},
    "nrql": "SELECT average(load) AS value FROM Load FACET host",
    "promql": "errors",
}
"""What a rule has to say to probes that cannot do without it."""


def instance(instance_id: str = "i-0a", **changes: Any) -> Instance:
    """A healthy instance, ten days old, on an image of a hundred days."""
    facts: dict[str, Any] = {
        "group": "web-a",
        "zone": "eu-west-1a",
        "state": InstanceState.IN_SERVICE,
        "image": Image("ami-0123", NOW - timedelta(days=100)),
        "launched_at": NOW - timedelta(days=10),
        "attributes": TEMPLATE,
    }
    return Instance(id=instance_id, **(facts | changes))


def request(
    spec: ProbeSpec,
    *instances: Instance,
    balancers: tuple[str, ...] = (),
    scope: dict[str, str] | None = None,
    read_at: datetime = NOW,
    **of_group: Any,
) -> ProbeRequest:
    """One question about these instances, all of one group that launches what they are, at NOW."""
    launch: dict[str, Any] = {"launch_image": Image("ami-0123", NOW - timedelta(days=100)), "attributes": TEMPLATE}
    name = instances[0].group if instances else "web-a"
    group = Group(name, desired=len(instances), minimum=0, maximum=9, balancers=balancers, **(launch | of_group))
    inventory = Inventory(read_at, (group,), instances, scope=SCOPE if scope is None else scope)
    threshold = spec.threshold
    assert threshold is None or threshold.breached("nothing bad") is False
    condition = Condition(
        name=spec.name,
        cause=Cause.DEGRADED,
        probe=spec.name,
        threshold=threshold or (AtLeast(3) if spec.counts else Above(90)),
        options=spec.options.model_validate(OPTIONS.get(spec.name, {})),
        unit=spec.unit,
        within_seconds=3600 if spec.counts else 0,
    )
    return ProbeRequest(condition, inventory, instances, NOW)


class OneClient:
    """The Resources port with nothing but this client."""

    def __init__(self, aws: Aws | None) -> None:
        self.aws = aws

    def get(self, kind: Any) -> Any:
        assert kind is Aws
        return self.aws
