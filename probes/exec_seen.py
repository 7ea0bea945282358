"""Whether somebody ran a command in a container: its engine tells of every exec while it happens, and of none later."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from controller.clients.docker import Engine
from controller.clients.docker_record import LONGEST_COMMAND, Exec, Gap
from controller.clients.docker_transport import EngineAddress
from controller.clients.option_types import expected
from controller.clients.redaction import readable
from controller.domain.errors import Gone
from controller.domain.model import Instance, Reading, Signal, Unknown
from controller.domain.policy import Above
from controller.domain.ports import Probe, ProbeRequest, ProbeSpec, Resources
from probes._engine import Container, Containers, part

UNIT = "commands"
QUERY = "docker SystemEvents exec_create, exec_start"
UNSURE_SECONDS = 300.0
"""For how long a time of which nothing is known leaves a container unknown. What happened in it will never be told, and
whoever was there may have left nothing; but a fleet is not blind for ever because a daemon was away once."""

MOST_SAMPLES = 5
MOST_RUNNING = 32
SHELL = ("/bin/sh", "-c")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def _command(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise expected("must be a command such as /usr/bin/my-check, on one line")
    return " ".join(text.split(" "))


ExceptedCommand = Annotated[str, Field(strict=True, max_length=LONGEST_COMMAND), AfterValidator(_command)]


class ExecSeenOptions(BaseModel):
    """Who may run commands in containers, beside their own health checks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    excepted: tuple[ExceptedCommand, ...] = Field(
        default=(),
        alias="except",
        max_length=100,
        description="commands that may be run, with any arguments behind them",
    )


@dataclass(frozen=True, slots=True)
class Sight:
    """What one engine has told, at one moment. gaps: by container, the times in its life of which it told nothing."""

    execs: Mapping[str, tuple[Exec, ...]]
    gaps: Mapping[str, tuple[Gap, ...]]


class ExecSeen:
    """Reads what each engine's stream of events told of its containers, and which execs run in them at present.

    Value: how many commands were run that are neither the container's own health check nor in `except`. Unknown: the
    stream of events is broken; or, for 5 minutes, part of the container's life was not watched (Repave was away, or too
    much happened meanwhile for the engine to tell it afterwards). What was seen counts however much was not.
    """

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One reading per container. Raises PlatformError when no engine answers for any of them."""
        options = request.condition.options
        assert isinstance(options, ExecSeenOptions)
        asked: dict[EngineAddress, asyncio.Task[Sight]] = {}

        async def look(container: Container) -> Signal | Unknown:
            inspected = await container.inspect()
            check, excepted = _health_check(part(inspected, "Config")), options.excepted
            engine = container.engine
            if engine.address not in asked:
                asked[engine.address] = asyncio.create_task(_sight(engine, request.instances))
            sight = await asyncio.shield(asked[engine.address])
            seen = [one for one in sight.execs.get(container.id, ()) if _is_foreign(one.command, check, excepted)]
            if seen:
                return _signal(container, sum(map(_times, seen)), [_told(one) for one in reversed(seen)])
            running = [one for one in await _running(engine, inspected) if _is_foreign(one, check, excepted)]
            if running:
                return _signal(container, len(running), [f"{one} (running now)" for one in running])
            return _unseen(container, sight.gaps.get(container.id, ()))

        try:
            return await self._containers.each(request, look, QUERY)
        finally:
            for task in asked.values():
                task.cancel()
            await asyncio.gather(*asked.values(), return_exceptions=True)


async def _sight(engine: Engine, instances: Iterable[Instance]) -> Sight:
    """What the record says now: taken at once, before anything else can happen to it."""
    record = await engine.events.seen()
    born = {one.id: one.launched_at or BEGINNING for one in instances if one.group == engine.address.url}
    return Sight(
        {name: record.execs(name) for name in born}, {name: record.gaps_since(at) for name, at in born.items()}
    )


async def _running(engine: Engine, inspected: Mapping[str, Any]) -> list[str]:
    """The commands of the execs that the container is in at present: a shell that was open before anybody watched."""
    commands = []
    for name in list(inspected.get("ExecIDs") or ())[:MOST_RUNNING]:
        try:
            process = part(await engine.read("ExecInspect", f"/exec/{name}/json"), "ProcessConfig")
        except Gone:
            continue
        commands.append(_joined([process.get("entrypoint"), *(process.get("arguments") or ())]))
    return commands


def _unseen(container: Container, gaps: tuple[Gap, ...]) -> Signal | Unknown:
    """Nothing was seen: which says something only of what was watched."""
    query = f"{QUERY} {container.id}"
    if not gaps:
        return _signal(container, 0, [])
    until = max(gap.until_at or container.at for gap in gaps)
    if container.at < until + timedelta(seconds=UNSURE_SECONDS):
        sure_at = until + timedelta(seconds=UNSURE_SECONDS)
        why = f"what happened before {until:%H:%M:%S} UTC was not seen; counted again from {sure_at:%H:%M:%S} UTC"
        return Unknown(why, query, settling=True)
    return _signal(container, 0, [], f" (not all was seen before {until:%Y-%m-%d %H:%M:%S} UTC)")


def _signal(container: Container, value: float, samples: list[str], about: str = "") -> Signal:
    reading = Reading(float(value), container.at)
    shown = tuple(map(readable, samples[:MOST_SAMPLES]))
    return Signal((reading,), f"{QUERY} {container.id}{about}", UNIT, samples=shown)


def _health_check(config: Mapping[str, Any]) -> str:
    """The container's own health check as the engine runs it; empty where it has none."""
    test = part(config, "Healthcheck").get("Test") or ()
    match list(test):
        case ["CMD", *words] if words:
            return _joined(words)
        case ["CMD-SHELL", line]:
            return _joined([*(config.get("Shell") or SHELL), line])
        case _:
            return ""


def _joined(words: Iterable[object]) -> str:
    """As the engine's events tell a command."""
    return " ".join(map(str, words))[:LONGEST_COMMAND].strip()


def _is_foreign(command: str, check: str, excepted: Iterable[str]) -> bool:
    """Neither the very health check, whose last word may be a whole program, nor excepted, with whatever arguments."""
    command = command.strip()
    return command != check and not any(command == one or command.startswith(f"{one} ") for one in excepted)


def _times(one: Exec) -> int:
    return max(one.created, one.started)


def _told(one: Exec) -> str:
    times = f"{_times(one)} times, last " if _times(one) > 1 else ""
    return f"{one.command} ({times}{one.last_at:%Y-%m-%d %H:%M:%S} UTC)"


def _build(_source: object, platform: object, resources: Resources) -> Probe:
    return ExecSeen(Containers(platform, resources))


PROBE = ProbeSpec(
    name="exec_seen",
    options=ExecSeenOptions,
    build=_build,
    summary="Whether somebody ran a command in a container, its own health check aside.",
    threshold=Above(0),
    unit=UNIT,
    lasting=True,
    unsure_seconds=UNSURE_SECONDS,
)
