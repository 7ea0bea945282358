"""docker_stats: what an engine measures, at its socket, on both kinds of control groups."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from controller.domain.model import Signal
from controller.domain.policy import Above, Below, Cause, Condition, Missing
from probes.docker_stats import PROBE, DockerStatsOptions, Metric
from tests.probes.engine import ONE, OTHER, Asked, asked, value, why
from tests.support.answering import Says, says

MIB = 1024 * 1024
V1 = {"usage": 60 * MIB, "limit": 64 * MIB, "stats": {"total_inactive_file": 12 * MIB, "inactive_file": 1 * MIB}}
V2 = {"usage": 60 * MIB, "limit": 64 * MIB, "stats": {"inactive_file": 12 * MIB}}
NOT_MEASURED: dict[str, Any] = {"read": "0001-01-01T00:00:00Z", "memory_stats": {}, "pids_stats": {}, "cpu_stats": {}}


def told(memory: Any = V2, cpu: tuple[float, float] | None = None, before: tuple[float, float] | None = None) -> Any:
    return {
        "read": "2026-11-23T12:00:00.5Z",
        "memory_stats": memory,
        "pids_stats": {"current": 7},
        "cpu_stats": counted(cpu),
        "precpu_stats": counted(before),
    }


def counted(times: tuple[float, float] | None) -> dict[str, Any]:
    """As the engine has it: what it did not measure has no system time. times: own and system, in nanoseconds."""
    own, system = times or (0, None)
    return {"cpu_usage": {"total_usage": own}, "online_cpus": 2} | ({"system_cpu_usage": system} if system else {})


@pytest.fixture
async def stats() -> AsyncIterator[Asked]:
    async with asked(PROBE) as stage:
        stage.engine.says("/info", {"MemTotal": 1024 * MIB})
        yield stage


async def of(stats: Asked, metric: str, **rule: Any) -> Any:
    return await stats.one(options={"metric": metric}, **rule)


@pytest.mark.parametrize("memory", [V1, V2], ids=["cgroup v1", "cgroup v2"])
async def test_memory_is_what_is_used_without_the_inactive_file_cache(stats: Asked, memory: Any) -> None:
    stats.says("stats", told(memory))
    assert value(await of(stats, "memory_bytes")) == 48 * MIB
    assert value(await of(stats, "memory_percent")) == 75.0
    asked_for = [one.query for one in stats.engine.requests if one.path.endswith("/stats")]
    assert asked_for == [{"stream": "false", "one-shot": "true"}], "both rules share one measurement"


async def test_a_cache_that_is_more_than_all_is_not_subtracted(stats: Asked) -> None:
    stats.says("stats", told(V2 | {"stats": {"inactive_file": 61 * MIB}}))
    assert value(await of(stats, "memory_bytes")) == 60 * MIB


@pytest.mark.parametrize("limit", [1024 * MIB, 2048 * MIB, 0])
async def test_without_a_limit_there_is_no_share_of_it(stats: Asked, limit: int) -> None:
    stats.says("stats", told(V2 | {"limit": limit}))
    assert "it has no memory limit" in why(await of(stats, "memory_percent"))
    assert value(await of(stats, "memory_bytes")) == 48 * MIB


async def test_processes(stats: Asked) -> None:
    stats.says("stats", told())
    assert value(await of(stats, "pids")) == 7.0
    stats.says("stats", told() | {"pids_stats": {}}, OTHER)
    found = await stats.read(stats.container(id=OTHER), options={"metric": "pids"})
    assert why(found[OTHER]) == "its engine counts no processes"


@pytest.mark.parametrize("metric", ["memory_bytes", "memory_percent", "cpu_percent", "pids"])
async def test_of_what_does_not_run_nothing_is_measured(stats: Asked, metric: str) -> None:
    stats.says("stats", NOT_MEASURED)
    assert why(await of(stats, metric)) == "nothing is measured of it: it does not run"


async def test_the_engine_keeps_restarts_and_an_end_for_want_of_memory(stats: Asked) -> None:
    stats.says("json", {"RestartCount": 4, "State": {"Status": "exited", "OOMKilled": True}})
    assert value(await of(stats, "restarts")) == 4.0
    assert value(await of(stats, "oom_killed")) == 1.0
    assert len(stats.engine.requests) == 1


SECOND = 1_000_000_000


def row(stats: Asked, *answers: Any) -> None:
    """What the engine measures, one time after the other."""
    stats.engine.row = [says(answer) for answer in answers]


async def test_the_first_look_measures_twice_a_second_apart_and_the_next_once(stats: Asked) -> None:
    ticks = [(10, 100), (10.5, 102), (40.5, 162)]  # two processors: two seconds of system time a second
    row(stats, *(told(cpu=(own * SECOND, system * SECOND)) for own, system in ticks))
    first = await of(stats, "cpu_percent")
    assert value(first) == pytest.approx(50.0), "half a second in one second"
    assert isinstance(first, Signal)
    assert first.latest.measured_at <= stats.clock.now()
    assert stats.clock.slept == [1.0]
    await stats.clock.sleep(29)
    assert value(await of(stats, "cpu_percent")) == pytest.approx(100.0), "thirty seconds in thirty"
    assert stats.clock.slept == [1.0, 29]


async def test_an_engine_without_one_shot_measures_twice_by_itself(stats: Asked) -> None:
    row(stats, told(cpu=(11 * SECOND, 102 * SECOND), before=(10 * SECOND, 100 * SECOND)))
    assert value(await of(stats, "cpu_percent")) == pytest.approx(100.0)
    assert stats.clock.slept == []


async def test_a_container_that_was_started_again_is_measured_anew(stats: Asked) -> None:
    ticks = [(10, 100), (11, 102), (0.5, 162), (1.5, 164)]
    row(stats, *(told(cpu=(own * SECOND, system * SECOND)) for own, system in ticks))
    await of(stats, "cpu_percent")
    await stats.clock.sleep(29)
    assert value(await of(stats, "cpu_percent")) == pytest.approx(100.0)


async def test_a_measurement_of_long_ago_says_nothing_about_now(stats: Asked) -> None:
    ticks = [(10, 100), (11, 102), (12, 10_000), (14, 10_002)]
    row(stats, *(told(cpu=(own * SECOND, system * SECOND)) for own, system in ticks))
    await of(stats, "cpu_percent")
    await stats.clock.sleep(timedelta(minutes=6).total_seconds())
    assert value(await of(stats, "cpu_percent")) == pytest.approx(200.0)


async def test_counters_that_stand_still_are_unknown(stats: Asked) -> None:
    row(stats, told(cpu=(10 * SECOND, 100 * SECOND)))
    assert why(await of(stats, "cpu_percent")) == "its processor time does not go forward"


async def test_one_that_ends_in_between_is_unknown(stats: Asked) -> None:
    row(stats, told(cpu=(10 * SECOND, 100 * SECOND)), NOT_MEASURED)
    assert why(await of(stats, "cpu_percent")) == "nothing is measured of it: it does not run"


GARBAGE: dict[str, Any] = {
    "no object": [],
    "no memory": told("full"),
    "usage is a text": told({"usage": "much", "limit": 5}),
    "usage is true": told({"usage": True, "limit": 5}),
    "usage is no number": told({"usage": float("nan"), "limit": 5}),
    "usage is endless": told({"usage": float("inf"), "limit": 5}),
    "statistics are a list": told({"usage": 5, "stats": [1]}),
    "nothing at all": {},
}


@pytest.mark.parametrize("case", GARBAGE)
@pytest.mark.parametrize("metric", ["memory_percent", "memory_bytes"])
async def test_garbage_condemns_nobody(stats: Asked, case: str, metric: str) -> None:
    stats.says("stats", GARBAGE[case])
    assert why(await of(stats, metric))


@pytest.mark.parametrize("state", [{}, {"OOMKilled": "yes"}, {"OOMKilled": 1}, None, "exited"])
async def test_neither_does_it_of_what_is_kept(stats: Asked, state: Any) -> None:
    stats.says("json", {"RestartCount": "many", "State": state})
    assert why(await of(stats, "oom_killed"))
    assert why(await of(stats, "restarts"))


async def test_a_hundred_containers_are_measured_together(stats: Asked) -> None:
    fleet = [stats.container(id=f"c{number:011d}") for number in range(120)]
    for one in fleet:
        stats.says("stats", told(), one.id)
    found = await asyncio.wait_for(stats.read(*fleet, options={"metric": "pids"}), 10)
    assert {value(one) for one in found.values()} == {7.0}
    assert 16 < stats.engine.most_at_once <= 100


async def test_an_answer_that_breaks_off_is_unknown_for_that_one(stats: Asked) -> None:
    stats.says("stats", told())
    stats.engine.answers[f"/containers/{OTHER}/stats"] = Says("{", short=True)
    found = await stats.read(stats.container(), stats.container(id=OTHER), options={"metric": "pids"})
    assert value(found[ONE]) == 7.0
    assert why(found[OTHER])


def rule(metric: str, **changes: Any) -> Condition:
    options = DockerStatsOptions.model_validate({"metric": metric})
    facts: dict[str, Any] = {"threshold": Above(0), "options": options} | changes
    return Condition("r", Cause.DEGRADED, "docker_stats", **facts)


@pytest.mark.parametrize(
    ("condition", "key"),
    [
        (rule("oom_killed", threshold=Above(1)), "above"),
        (rule("oom_killed", threshold=Below(1)), "below"),
        (rule("pids", missing=Missing.ZERO), "missing"),
        (rule("oom_killed"), None),
        (rule("memory_percent", threshold=Above(90)), None),
    ],
)
def test_rules_that_cannot_be_meant(condition: Condition, key: str | None) -> None:
    assert PROBE.check is not None
    flaw = PROBE.check(condition)
    assert (flaw.key if flaw else None) == key


def test_every_metric_is_explained() -> None:
    described = str(DockerStatsOptions.model_fields["metric"].description)
    assert all(metric in described for metric in Metric)
