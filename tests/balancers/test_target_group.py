"""Target groups, at the wire."""

from typing import Any

import pytest

from controller.balancers.target_group import BALANCER, TargetGroups
from controller.domain.errors import Gone, Held, Permanent, Transient
from controller.domain.ports import LoadBalancer, Server
from tests.balancers.gate import Gate
from tests.clients.fake_aws import Answer, FakeAws, ok, refusal

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/73e2d6bc24d8a067"


def health(*rows: tuple[str, int | None, str, str]) -> Answer:
    """DescribeTargetHealth's answer: (instance, port, state, reason) rows."""
    members = "".join(
        f"<member><Target><Id>{instance}</Id>{f'<Port>{port}</Port>' if port else ''}</Target>"
        f"<TargetHealth><State>{state}</State>{f'<Reason>{reason}</Reason>' if reason else ''}</TargetHealth></member>"
        for instance, port, state, reason in rows
    )
    return ok("DescribeTargetHealth", f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>")


async def test_it_is_the_load_balancer_of_its_file(groups: TargetGroups) -> None:
    balancer: LoadBalancer = groups
    assert isinstance(balancer, TargetGroups)
    assert BALANCER.name == "target_group"


@pytest.mark.parametrize(
    ("said", "reason", "state"),
    [
        ("healthy", "", "healthy"),
        ("unhealthy", "Target.Timeout", "unhealthy"),
        ("initial", "Elb.InitialHealthChecking", "initial"),
        ("draining", "Target.DeregistrationInProgress", "draining"),
        ("unhealthy.draining", "Target.FailedHealthChecks", "draining"),
        ("unavailable", "Target.HealthCheckDisabled", "unavailable"),
        ("unused", "Target.NotInUse", "unused"),
        ("sleepy", "", "unknown"),
        ("unhealthy", "Elb.InternalError", "unknown"),
    ],
)
async def test_a_state_is_one_of_the_domains_words(
    groups: TargetGroups, endpoint: FakeAws, said: str, reason: str, state: str
) -> None:
    endpoint.says("DescribeTargetHealth", health(("i-1", 80, said, reason)))
    found = await groups.targets(ARN, ())
    assert (found["i-1"].balancer, found["i-1"].state, found["i-1"].reason) == (ARN, state, reason)
    assert endpoint.requests[0].parameters["TargetGroupArn"] == ARN


async def test_the_worst_state_of_several_ports_counts_in_any_order(groups: TargetGroups, endpoint: FakeAws) -> None:
    rows = [("i-1", 80, "healthy", ""), ("i-1", 81, "unhealthy", "Target.Timeout"), ("i-1", 82, "initial", "")]
    for order in (rows, rows[::-1]):
        endpoint.says("DescribeTargetHealth", health(*order, ("i-2", 80, "healthy", "")))
        found = await groups.targets(ARN, ())
        assert {key: target.state for key, target in found.items()} == {"i-1": "unhealthy", "i-2": "healthy"}


async def test_a_group_without_targets_has_none(groups: TargetGroups, endpoint: FakeAws) -> None:
    endpoint.says("DescribeTargetHealth", health())
    assert await groups.targets(ARN, ()) == {}


async def test_a_group_that_is_gone_is_an_error_and_not_an_empty_group(groups: TargetGroups, endpoint: FakeAws) -> None:
    endpoint.says("DescribeTargetHealth", refusal(400, "TargetGroupNotFound"))
    with pytest.raises(Gone):
        await groups.targets(ARN, ())


async def test_taking_out_is_announced_and_then_done_on_every_port(groups: TargetGroups, endpoint: FakeAws) -> None:
    rows = [("i-1", 8081, "healthy", ""), ("i-1", 8080, "healthy", ""), ("i-2", 8080, "healthy", "")]
    endpoint.says("DescribeTargetHealth", health(*rows))
    endpoint.says("DeregisterTargets", ok("DeregisterTargets"))
    gate = Gate()
    await groups.deregister(ARN, Server("i-1"), gate)
    assert gate.announced == [
        ("elbv2.DeregisterTargets", {"target_group": ARN, "instance": "i-1", "ports": [8080, 8081]})
    ]
    (request,) = endpoint.asked("DeregisterTargets")
    assert targets(request.parameters) == [("i-1", "8080"), ("i-1", "8081")]


async def test_taking_in_again_uses_the_ports_it_still_leaves(groups: TargetGroups, endpoint: FakeAws) -> None:
    endpoint.says("DescribeTargetHealth", health(("i-1", 8081, "draining", "")))
    endpoint.says("RegisterTargets", ok("RegisterTargets"))
    gate = Gate()
    await groups.register(ARN, Server("i-1"), gate)
    assert gate.announced == [("elbv2.RegisterTargets", {"target_group": ARN, "instance": "i-1", "ports": [8081]})]
    assert targets(endpoint.asked("RegisterTargets")[0].parameters) == [("i-1", "8081")]


async def test_taking_in_what_is_not_there_uses_the_groups_own_port(groups: TargetGroups, endpoint: FakeAws) -> None:
    endpoint.says("DescribeTargetHealth", health(("i-2", 8081, "healthy", "")))
    endpoint.says("RegisterTargets", ok("RegisterTargets"))
    await groups.register(ARN, Server("i-1"), Gate())
    assert targets(endpoint.asked("RegisterTargets")[0].parameters) == [("i-1", None)]


@pytest.mark.parametrize("method", ["register", "deregister"])
async def test_what_the_gate_refuses_never_reaches_aws(groups: TargetGroups, endpoint: FakeAws, method: str) -> None:
    endpoint.says("DescribeTargetHealth", health(("i-1", 80, "healthy", "")))
    with pytest.raises(Held):
        await getattr(groups, method)(ARN, Server("i-1"), Gate(refuses=Held("all held")))
    assert [request.operation for request in endpoint.requests] == ["DescribeTargetHealth"]


async def test_nothing_to_take_out_is_success(groups: TargetGroups, endpoint: FakeAws) -> None:
    endpoint.says("DescribeTargetHealth", health())
    endpoint.says("DeregisterTargets", refusal(400, "InvalidTarget", "The specified target does not exist"))
    await groups.deregister(ARN, Server("i-1"), Gate())
    assert len(endpoint.asked("DeregisterTargets")) == 1


async def test_taking_in_what_is_gone_is_an_error(groups: TargetGroups, endpoint: FakeAws) -> None:
    endpoint.says("DescribeTargetHealth", health())
    endpoint.says("RegisterTargets", refusal(400, "InvalidTarget", "The specified target does not exist"))
    with pytest.raises(Gone):
        await groups.register(ARN, Server("i-1"), Gate())
    endpoint.says("RegisterTargets", refusal(400, "InvalidTarget", "'i-1' is not in a running state"))
    with pytest.raises(Permanent):
        await groups.register(ARN, Server("i-1"), Gate())


async def test_a_broken_connection_says_that_it_perhaps_happened(groups: TargetGroups, endpoint: FakeAws) -> None:
    endpoint.says("DescribeTargetHealth", health(("i-1", 80, "healthy", "")))
    endpoint.says("DeregisterTargets", Answer(reset=True))
    with pytest.raises(Transient) as caught:
        await groups.deregister(ARN, Server("i-1"), Gate())
    assert caught.value.perhaps
    assert caught.value.call == "elbv2.DeregisterTargets"


def targets(parameters: dict[str, Any]) -> list[tuple[str, str | None]]:
    """(id, port) of each target in a request."""
    numbers = (number for number in range(1, 9) if f"Targets.member.{number}.Id" in parameters)
    return [(parameters[f"Targets.member.{n}.Id"], parameters.get(f"Targets.member.{n}.Port")) for n in numbers]
