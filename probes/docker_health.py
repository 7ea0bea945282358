"""What a container's engine says of it: whether it runs, and whether its own health check passes."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from controller.domain.model import Reading, Signal, Unknown
from controller.domain.policy import Begins, Condition, Missing
from controller.domain.ports import Flaw, Probe, ProbeRequest, ProbeSpec, Resources
from probes._engine import Container, Containers, number, part, word
from probes._log_samples import readable

UNHEALTHY = "unhealthy"
QUERY = "docker ContainerInspect"


class DockerHealthOptions(BaseModel):
    """Nothing to choose: the engine's own state and health are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DockerHealth:
    """Inspects each container at its engine; several rules that do share one answer.

    Value: `healthy` when its health check passes, `running` when it has none; `unhealthy: WHY` when the check fails,
    with what it said last, or when the container has ended, restarts or is dead. Unknown: its health check is starting,
    it is paused, not yet started or being removed, or the engine cannot tell.
    """

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One reading per container. Raises PlatformError when no engine answers for any of them."""
        return await self._containers.each(request, _look, QUERY)


async def _look(container: Container) -> Signal | Unknown:
    told = await container.inspect()
    query = f"{QUERY} {container.id}"
    value, samples = _judged(part(told, "State"), number(told.get("RestartCount", 0)))
    if isinstance(value, Unknown):
        return Unknown(value.reason, query)
    return Signal((Reading(value, container.at),), query, samples=samples)


def _judged(state: Mapping[str, Any], restarts: float) -> tuple[str | Unknown, tuple[str, ...]]:
    """The value, and what the health check said last where it condemns."""
    status = word(state["Status"])
    match status:
        case "running":
            return _by_check(part(state, "Health"))
        case "exited":
            return f"{UNHEALTHY}: exited {_exit(state)}", ()
        case "restarting":
            return f"{UNHEALTHY}: restarting after exit {_exit(state)}", (f"restarted {restarts:.0f} times so far",)
        case "dead":
            return f"{UNHEALTHY}: dead, half removed by its engine", ()
        case "created" if number(state.get("ExitCode", 0)):
            return f"{UNHEALTHY}: could not be started, exit {_exit(state)}", _shown(state.get("Error"))
        case "created":
            return Unknown("it is created, and not started yet"), ()
        case "paused" | "removing":
            return Unknown(f"it is {status}"), ()
        case _:
            return Unknown(f"its engine calls it {status or 'nothing'}"), ()


def _by_check(health: Mapping[str, Any]) -> tuple[str | Unknown, tuple[str, ...]]:
    status = word(health.get("Status") or "none")
    match status:
        case "healthy":
            return status, ()
        case "none":
            return "running", ()
        case "unhealthy":
            return f"{UNHEALTHY}: its health check fails", _last_check(health)
        case "starting":
            return Unknown("its health check has not passed yet (starting)"), ()
        case _:
            return Unknown(f"its engine calls its health {status}"), ()


def _exit(state: Mapping[str, Any]) -> str:
    """Such as `137 (out of memory)`."""
    why = " (out of memory)" if state.get("OOMKilled") is True else ""
    return f"{number(state['ExitCode']):.0f}{why}"


def _last_check(health: Mapping[str, Any]) -> tuple[str, ...]:
    """What the last check printed and how it ended; a courtesy, so that what is odd about it changes nothing."""
    log = health.get("Log")
    last = log[-1] if isinstance(log, list) and log and isinstance(log[-1], dict) else {}
    return _shown(last.get("Output"), f"exit {last['ExitCode']}: " if isinstance(last.get("ExitCode"), int) else "")


def _shown(text: object, before: str = "") -> tuple[str, ...]:
    return (f"{before}{readable(text)}",) if isinstance(text, str) and text.strip() else ()


def _check(condition: Condition) -> Flaw | None:
    if condition.missing is Missing.ZERO:
        return Flaw("missing", "a state is never zero; leave 'missing' out.")
    return None


def _build(_source: object, platform: object, resources: Resources) -> Probe:
    return DockerHealth(Containers(platform, resources))


PROBE = ProbeSpec(
    name="docker_health",
    options=DockerHealthOptions,
    build=_build,
    summary="Whether a container runs, and passes its own health check, in its engine's words.",
    threshold=Begins(UNHEALTHY),
    check=_check,
)
