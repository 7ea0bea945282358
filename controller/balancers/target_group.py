"""Target groups of AWS's load balancers: who is registered, how healthy they are, and taking them in and out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from controller.clients.aws import Aws, AwsScope
from controller.domain.errors import Gone
from controller.domain.model import Target
from controller.domain.ports import BalancerSpec, LoadBalancer, Mutate, Resources, Server

STATES = ("unhealthy", "draining", "unused", "unavailable", "initial", "unknown", "healthy")
"""AWS's words for TargetHealth.State, worst first, and ours for any other."""

LEAVING = "unhealthy.draining"
"""AWS's word for a target that leaves because its health check failed."""

NOT_THE_TARGETS_FAULT = "Elb.InternalError"
"""AWS's reason for `unhealthy` when the load balancer itself could not carry out the health check."""


class TargetGroups(LoadBalancer):
    """Implements the LoadBalancer port; a balancer's id is its target group's ARN. All methods raise PlatformError.

    A target group drops by itself what was deregistered, and keeps what it was told.
    """

    def __init__(self, aws: Aws, scope: AwsScope) -> None:
        self._aws = aws
        self._scope = scope

    async def targets(self, balancer: str, servers: Sequence[Server]) -> Mapping[str, Target]:
        """What the target group says of each registered instance (DescribeTargetHealth), by instance id, whoever is
        asked about.

        An instance that is registered on several ports has the worst of their states.
        """
        found: dict[str, Target] = {}
        for row in await self._health(balancer):
            target = _target(balancer, row.get("TargetHealth") or {})
            instance_id = str(row["Target"]["Id"])
            worse = instance_id not in found or STATES.index(target.state) < STATES.index(found[instance_id].state)
            if worse:
                found[instance_id] = target
        return found

    async def register(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Send traffic to an instance (again): on the ports that it is still leaving, else on the group's own port."""
        await self._change("RegisterTargets", balancer, server.instance_id, mutate)

    async def deregister(self, balancer: str, server: Server, mutate: Mutate) -> None:
        """Stop sending new traffic to an instance on every port; connections in flight have until the delay to end.

        An instance that is not registered (any more) gets none either: that is success.
        """
        await self._change("DeregisterTargets", balancer, server.instance_id, mutate)

    async def _change(self, operation: str, balancer: str, instance_id: str, mutate: Mutate) -> None:
        # A target that was registered with a port of its own is only found under that port.
        ports = _ports(await self._health(balancer), instance_id)
        targets = [{"Id": instance_id, "Port": port} for port in ports] or [{"Id": instance_id}]

        async def perform() -> None:
            try:
                await self._aws.mutate(self._scope, "elbv2", operation, TargetGroupArn=balancer, Targets=targets)
            except Gone:
                if operation == "RegisterTargets":
                    raise

        arguments = {"target_group": balancer, "instance": instance_id, "ports": ports}
        await mutate(f"elbv2.{operation}", arguments, perform)

    async def _health(self, balancer: str) -> Iterable[Mapping[str, Any]]:
        answer = await self._aws.read(self._scope, "elbv2", "DescribeTargetHealth", TargetGroupArn=balancer)
        rows: Iterable[Mapping[str, Any]] = answer.get("TargetHealthDescriptions", ())
        return rows


def _build(scope: AwsScope, resources: Resources) -> TargetGroups:
    return TargetGroups(resources.get(Aws), scope)


BALANCER = BalancerSpec(
    name="target_group",
    summary="Target groups of AWS's load balancers.",
    build=_build,
)


def _target(balancer: str, health: Mapping[str, Any]) -> Target:
    word = str(health.get("State", ""))
    state = "draining" if word == LEAVING else word
    if state not in STATES or health.get("Reason") == NOT_THE_TARGETS_FAULT:
        state = "unknown"
    said = (str(health.get(key, "")) for key in ("Reason", "Description"))
    return Target(balancer, state, ": ".join(part for part in said if part))


def _ports(rows: Iterable[Mapping[str, Any]], instance_id: str) -> list[int]:
    """The ports under which an instance is known, in order."""
    targets = (row["Target"] for row in rows)
    return sorted({int(target["Port"]) for target in targets if target["Id"] == instance_id and "Port" in target})
