"""target_health: healthy, unhealthy, or the reason why the balancers do not say."""

from datetime import timedelta
from typing import Any

import pytest

from controller.domain.model import Signal, Target, Unknown
from controller.domain.policy import AnyOf
from probes.target_health import PROBE
from tests.probes.fleet import API, NOW, WEB, OneClient, instance, request


async def ask(*instances: Any, balancers: tuple[str, ...] = (WEB,), **changes: Any) -> Any:
    probe = PROBE.build(None, None, OneClient(None))
    return await probe.read(request(PROBE, *instances, balancers=balancers, **changes))


def seen(*targets: Target, name: str = "i-0a") -> Any:
    return instance(name, targets=targets)


async def test_healthy_everywhere_is_healthy() -> None:
    found = await ask(seen(Target(WEB, "healthy"), Target(API, "healthy")), balancers=(WEB, API))
    assert found["i-0a"].latest.value == "healthy"
    assert found["i-0a"].query == f"elbv2 DescribeTargetHealth {WEB}"


@pytest.mark.parametrize("other", ["healthy", "initial", "draining", "unavailable", "unused", "unknown"])
async def test_unhealthy_anywhere_is_unhealthy_and_names_where_and_why(other: str) -> None:
    sick = Target(API, "unhealthy", "Target.ResponseCodeMismatch: codes [503]")
    found = await ask(seen(Target(WEB, other), sick), balancers=(WEB, API))
    signal = found["i-0a"]
    assert isinstance(signal, Signal)
    assert signal.latest.value == "unhealthy"
    assert signal.query == f"elbv2 DescribeTargetHealth {API} (Target.ResponseCodeMismatch: codes [503])"
    assert PROBE.threshold == AnyOf(("unhealthy",))


@pytest.mark.parametrize("state", ["initial", "draining", "unavailable", "unused", "unknown"])
async def test_a_balancer_that_does_not_say_makes_it_unknown(state: str) -> None:
    found = await ask(seen(Target(WEB, "healthy"), Target(API, state, "Elb.Because")), balancers=(WEB, API))
    assert found["i-0a"] == Unknown(f"{state} in target group api (Elb.Because)", f"elbv2 DescribeTargetHealth {API}")


async def test_not_registered_is_unknown_and_names_the_group() -> None:
    found = await ask(seen(Target(WEB, "healthy")), seen(name="i-0b"), balancers=(WEB, API))
    assert found["i-0a"].reason == "not registered in target group api"
    assert found["i-0b"].reason == "not registered in target group web"


async def test_a_group_without_balancers_is_unknown() -> None:
    found = await ask(seen(), balancers=())
    assert found["i-0a"].reason == "group web-a serves through no load balancer"


async def test_the_reading_is_as_old_as_the_inventory_and_never_of_the_future() -> None:
    early, late = NOW - timedelta(seconds=40), NOW + timedelta(seconds=3)
    for read_at, measured_at in ((early, early), (late, NOW)):
        found = await ask(seen(Target(WEB, "healthy")), read_at=read_at)
        assert found["i-0a"].latest.measured_at == measured_at


async def test_another_kind_of_balancer_goes_by_its_own_name() -> None:
    found = await ask(seen(Target("edge", "initial")), balancers=("edge",))
    assert found["i-0a"] == Unknown("initial in edge", "targets of edge")
