"""docker_health: the engine's own words, at its socket."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.domain.errors import PlatformError
from controller.domain.model import Signal, Unknown
from controller.domain.policy import Cause, Condition, Missing
from probes.docker_health import PROBE
from tests.probes.engine import ONE, OTHER, Asked, asked, value, why
from tests.support.answering import Says


@pytest.fixture
async def health() -> AsyncIterator[Asked]:
    async with asked(PROBE) as stage:
        yield stage


def checked(status: str, *outputs: str) -> dict[str, Any]:
    log = [{"Start": "x", "End": "y", "ExitCode": 1, "Output": output} for output in outputs]
    return {"Health": {"Status": status, "FailingStreak": len(log), "Log": log}}


BAD = {
    "its check fails": (checked("unhealthy", "no"), "unhealthy: its health check fails"),
    "it ended": ({"Status": "exited", "ExitCode": 3}, "unhealthy: exited 3"),
    "it ended well": ({"Status": "exited", "ExitCode": 0}, "unhealthy: exited 0"),
    "the kernel killed it": (
        {"Status": "exited", "ExitCode": 137, "OOMKilled": True},
        "unhealthy: exited 137 (out of memory)",
    ),
    "it restarts": ({"Status": "restarting", "ExitCode": 1}, "unhealthy: restarting after exit 1"),
    "it is dead": ({"Status": "dead"}, "unhealthy: dead, half removed by its engine"),
    "it would not start": (
        {"Status": "created", "ExitCode": 127, "Error": "no such file"},
        "unhealthy: could not be started, exit 127",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_what_condemns(health: Asked, case: str) -> None:
    state, expected = BAD[case]
    health.state(**state)
    found = await health.one()
    assert value(found) == expected
    assert PROBE.threshold is not None
    assert PROBE.threshold.breached(expected)


@pytest.mark.parametrize(("state", "expected"), [(checked("healthy"), "healthy"), ({}, "running")])
async def test_what_is_well_and_a_container_without_a_check_is_well_while_it_runs(
    health: Asked, state: dict[str, Any], expected: str
) -> None:
    health.state(**state)
    assert value(await health.one()) == expected
    assert PROBE.threshold is not None
    assert not PROBE.threshold.breached(expected)


UNCLEAR = {
    "it has just started": (checked("starting"), "its health check has not passed yet (starting)"),
    "it is paused": ({"Status": "paused"}, "it is paused"),
    "it is going": ({"Status": "removing"}, "it is removing"),
    "it was created only": ({"Status": "created"}, "it is created, and not started yet"),
    "a word of tomorrow": ({"Status": "hibernating"}, "its engine calls it hibernating"),
    "a health of tomorrow": (checked("sleepy"), "its engine calls its health sleepy"),
    "no word": ({"Status": 5}, "what the engine answers makes no sense (TypeError)"),
    "a list for its health": ({"Health": ["unhealthy"]}, "what the engine answers makes no sense (TypeError)"),
    "an exit without a code": (
        {"Status": "exited", "ExitCode": None},
        "what the engine answers makes no sense (TypeError)",
    ),
}


@pytest.mark.parametrize("case", UNCLEAR)
async def test_what_condemns_nobody(health: Asked, case: str) -> None:
    state, reason = UNCLEAR[case]
    health.state(**state)
    assert why(await health.one()) == reason


async def test_what_the_check_said_last_is_shown_on_one_line_without_secrets(health: Asked) -> None:
    health.state(**checked("unhealthy", "first", "GET /health\n500 password=hunter2 \x1b[31m" + "x" * 9000))
    found = await health.one()
    assert isinstance(found, Signal)
    (line,) = found.samples
    assert line.startswith("exit 1: GET /health 500 [redacted]")
    assert "hunter2" not in line
    assert line.isprintable()
    assert len(line) < 350


@pytest.mark.parametrize("log", [None, [], "no list", [5], [{"Output": 5}], [{"ExitCode": "x", "Output": " "}]])
async def test_a_check_that_said_nothing_fit_to_be_shown_condemns_all_the_same(health: Asked, log: Any) -> None:
    health.state(Health={"Status": "unhealthy", "Log": log})
    found = await health.one()
    assert value(found) == "unhealthy: its health check fails"
    assert isinstance(found, Signal)
    assert found.samples == ()


async def test_a_container_that_is_gone_is_unknown_and_takes_nothing_from_the_others(health: Asked) -> None:
    health.state(**checked("unhealthy", "no"))
    found = await health.read(health.container(), health.container(id=OTHER))
    assert isinstance(found[ONE], Signal)
    assert why(found[OTHER]) == "the engine does not know it (any more)"


async def test_one_that_its_engine_cannot_tell_about_is_unknown_alone(health: Asked) -> None:
    health.state()
    health.says("json", {"message": "its lock is held"}, OTHER, status=500)
    found = await health.read(health.container(), health.container(id=OTHER))
    assert value(found[ONE]) == "running"
    assert "its lock is held" in why(found[OTHER])


async def test_an_engine_that_answers_nobody_is_an_error(health: Asked) -> None:
    health.engine.row = [Says('{"message": "shutting down"}', 503)]
    with pytest.raises(PlatformError, match="shutting down"):
        await health.read(health.container(), health.container(id=OTHER))


async def test_an_instance_of_something_else_is_unknown_and_nobody_is_asked(health: Asked) -> None:
    found = await health.read(health.container(group="web-asg"))
    assert why(found[ONE]) == "it is no container of an engine that this fleet names"
    assert health.engine.requests == []


async def test_a_hundred_containers_are_asked_a_few_at_a_time(health: Asked) -> None:
    fleet = [health.container(id=f"c{number:011d}") for number in range(100)]
    for one in fleet:
        health.state(one.id)
    found = await health.read(*fleet)
    assert {value(one) for one in found.values()} == {"running"}
    assert len(health.engine.requests) == 100
    assert 1 < health.engine.most_at_once <= 8


def test_a_state_is_never_zero() -> None:
    assert PROBE.check is not None
    assert PROBE.threshold is not None
    rule = Condition("sick", Cause.DEGRADED, "docker_health", PROBE.threshold, missing=Missing.ZERO)
    flaw = PROBE.check(rule)
    assert flaw is not None
    assert flaw.key == "missing"


async def test_nothing_that_is_unknown_has_a_value(health: Asked) -> None:
    assert isinstance(await health.one(), Unknown)
