"""What a container uses (memory, processor, processes), and how often its engine had to start it again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from controller.clients.docker import Engines
from controller.domain.model import Reading, Signal, Unknown
from controller.domain.policy import Above, Below, Condition, Missing
from controller.domain.ports import Clock, Flaw, Probe, ProbeRequest, ProbeSpec, Resources
from probes._docker_usage import CpuCounters, measured, memory_bytes
from probes._engine import Container, Containers, number, part, word

AT_ONCE = 100
"""Measurements under way. Docker 20.10 answers at its next second, so that few at a time would take long."""

CPU_APART_SECONDS = 1.0
"""Between the two measurements where none was made at an earlier look."""

CPU_KEPT = timedelta(minutes=5)
"""An earlier measurement that is older says too little about now."""

NOT_RUNNING = "nothing is measured of it: it does not run"


class Metric(StrEnum):
    """What is read."""

    MEMORY_PERCENT = "memory_percent"
    MEMORY_BYTES = "memory_bytes"
    CPU_PERCENT = "cpu_percent"
    PIDS = "pids"
    RESTARTS = "restarts"
    OOM_KILLED = "oom_killed"


class DockerStatsOptions(BaseModel):
    """Which number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: Metric = Field(
        description="memory_percent (of its limit), memory_bytes, cpu_percent (100 is one processor), pids, restarts "
        "or oom_killed (0 or 1)"
    )


class DockerStats:
    """Measures each container at its engine, or inspects it; several rules that do share one answer.

    Value: a number. `memory_percent` of its limit and `memory_bytes`, without the inactive file cache; `cpu_percent`
    since the last look, or over a second at the first; `pids`; `restarts` and `oom_killed`, which the engine keeps.
    Unknown: it does not run, has no memory limit to use a share of, or its engine does not measure that.
    """

    def __init__(self, containers: Containers, clock: Clock) -> None:
        self._containers = containers
        self._clock = clock
        self._cpu: dict[str, tuple[datetime, CpuCounters]] = {}

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One number per container. Raises PlatformError when no engine answers for any of them."""
        match _options(request.condition).metric:
            case Metric.RESTARTS | Metric.OOM_KILLED as metric:
                return await self._containers.each(request, lambda one: _kept(one, metric), _query(metric))
            case Metric.CPU_PERCENT:
                return await self._cpu_percent(request)
            case metric:
                return await self._containers.each(
                    request, lambda one: _measured(one, metric), _query(metric), at_once=AT_ONCE
                )

    async def _cpu_percent(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        known = {instance.id for instance in request.instances}
        self._cpu = {one: kept for one, kept in self._cpu.items() if one in known}
        return await self._containers.each(request, self._cpu_of, _query(Metric.CPU_PERCENT), at_once=AT_ONCE)

    async def _cpu_of(self, container: Container) -> Signal | Unknown:
        """Since the last look; where that does not tell, over the next second."""
        before_at, before = self._cpu.get(container.id, (container.at, None))
        told = await container.stats()
        now = _counters(told)
        if before is None or not timedelta(0) < container.at - before_at <= CPU_KEPT:
            before = CpuCounters.of(part(told, "precpu_stats"))
        percent = now.percent_since(before) if now and before else None
        if now and percent is None:
            await self._clock.sleep(CPU_APART_SECONDS)
            before, now = now, _counters(await container.later(CPU_APART_SECONDS).stats())
            percent = now.percent_since(before) if now else None
        if now is None:
            return _nothing(told, Metric.CPU_PERCENT, container)
        self._cpu[container.id] = (container.at, now)
        if percent is None:
            return Unknown("its processor time does not go forward", _query(Metric.CPU_PERCENT, container))
        return _signal(percent, Metric.CPU_PERCENT, container)


def _counters(told: Mapping[str, Any]) -> CpuCounters | None:
    return CpuCounters.of(part(told, "cpu_stats")) if measured(told) else None


async def _measured(container: Container, metric: Metric) -> Signal | Unknown:
    told = await container.stats()
    if not measured(told):
        return _nothing(told, metric, container)
    if metric is Metric.PIDS:
        current = part(told, "pids_stats").get("current")
        if current is None:
            return Unknown("its engine counts no processes", _query(metric, container))
        return _signal(number(current), metric, container)
    used = memory_bytes(told)
    if metric is Metric.MEMORY_BYTES:
        return _signal(used, metric, container)
    # Without a limit of its own, its limit is said to be all of the host's memory.
    limit, whole = number(part(told, "memory_stats").get("limit", 0)), number((await container.host())["MemTotal"])
    if not 0 < limit < whole:
        why = "it has no memory limit, so that no share of one is in use; memory_bytes can be read"
        return Unknown(why, _query(metric, container))
    return _signal(used / limit * 100.0, metric, container)


async def _kept(container: Container, metric: Metric) -> Signal | Unknown:
    """What the engine remembers of a container, whether it runs or not."""
    told = await container.inspect()
    if metric is Metric.RESTARTS:
        return _signal(number(told["RestartCount"]), metric, container)
    killed = part(told, "State")["OOMKilled"]
    if not isinstance(killed, bool):
        raise TypeError("neither true nor false")
    return _signal(float(killed), metric, container)


def _nothing(told: Mapping[str, Any], metric: Metric, container: Container) -> Unknown:
    word(told["read"])  # an answer without it is none of an engine's
    return Unknown(NOT_RUNNING, _query(metric, container))


def _signal(value: float, metric: Metric, container: Container) -> Signal:
    return Signal((Reading(value, container.at),), _query(metric, container))


def _query(metric: Metric, container: Container | None = None) -> str:
    call = "ContainerInspect" if metric in {Metric.RESTARTS, Metric.OOM_KILLED} else "ContainerStats"
    return f"docker {call} {f'{container.id} ' if container else ''}{metric}"


def _options(condition: Condition) -> DockerStatsOptions:
    assert isinstance(condition.options, DockerStatsOptions)
    return condition.options


def _check(condition: Condition) -> Flaw | None:
    metric = _options(condition).metric
    if condition.missing is Missing.ZERO:
        return Flaw("missing", "a number that is not measured is never zero; leave 'missing' out.")
    if metric is Metric.OOM_KILLED and condition.threshold != Above(0):
        key = "below" if isinstance(condition.threshold, Below) else "above"
        return Flaw(key, "'oom_killed' is 0 or 1; say 'above: 0'.")
    return None


def _build(_source: object, platform: object, resources: Resources) -> Probe:
    return DockerStats(Containers(platform, resources), resources.get(Engines).clock)


PROBE = ProbeSpec(
    name="docker_stats",
    options=DockerStatsOptions,
    build=_build,
    summary="What a container uses: memory, processor, processes; and its restarts.",
    check=_check,
)
