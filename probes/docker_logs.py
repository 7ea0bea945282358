"""How many lines of a container's log match, read from its engine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator

from controller.clients.option_types import OptionDuration, duration_text, expected
from controller.domain.errors import Permanent, PlatformError
from controller.domain.model import Reading, Signal, Unknown
from controller.domain.policy import Condition, Missing
from controller.domain.ports import Flaw, Probe, ProbeRequest, ProbeSpec, Resources
from probes._docker_lines import Line, Read, read_lines
from probes._engine import Container, Containers, part, word
from probes._log_match import Match, MatchText
from probes._log_samples import MOST_LINES, readable

QUERY = "docker ContainerLogs"
MOST_BYTES = 4 * 1024 * 1024
"""Of one container's log in one look."""

MOST_PIECES = 5000
FEWER_PIECES = 240
"""Lines from the end that are read, and where those are too many bytes. The engine cuts lines at 16 KiB."""

AT_A_TIME = 200
"""Lines that are compared before others get their turn."""

UNREADABLE = "does not support reading"
"""In the engine's words about such log drivers as none; of syslog and others it keeps a copy, unless told not to."""

REPEATS = re.compile(r"\((?:[^()\\]|\\.)*[*+}](?:[^()\\]|\\.)*\)[*+{]")
"""A repeated group in which something repeats takes time without end on some lines."""


class DockerLogsOptions(BaseModel):
    """What to look for in the containers' logs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: MatchText = Field(
        description="a term, or a /regular expression/ as Python reads it, that a line has to contain"
    )
    silent_after: OptionDuration | None = Field(
        default=None,
        description="a container whose newest line is older proves no life, so that its zero is unknown; by default it "
        "is enough that it runs; at most `within`",
    )

    @field_validator("match")
    @classmethod
    def _in_time(cls, text: str) -> str:
        if text.startswith("/") and text.endswith("/") and REPEATS.search(text):
            raise expected("must not repeat a group in which something repeats: some lines would take for ever")
        return text


@dataclass(frozen=True, slots=True)
class Found:
    """Of one container's log. matching: the lines of the span that match. lines: how many it has. cut: whether older
    ones of the span may be missing."""

    matching: tuple[Line, ...]
    lines: int
    newest: datetime | None
    cut: bool


class DockerLogs:
    """Reads each container's log of the rule's `within` from its engine, bounded, newest lines first to be kept.

    Value: how many lines of stdout and stderr match, with a few of them where they condemn. With `missing: zero`, none
    that matches is 0 where the container runs (and has written within `silent_after`). Unknown: the log is not kept
    where the engine can read it, is longer than can be read while what was read does not breach, the container does not
    run; and with `missing: unknown`, none that matches.
    """

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One count per container. Raises PlatformError when no engine answers for any of them."""
        condition = request.condition
        match = Match.of(_options(condition).match).local

        async def look(container: Container) -> Signal | Unknown:
            told = await container.inspect()
            tty, status = part(told, "Config").get("Tty") is True, word(part(told, "State")["Status"])
            try:
                came = await _fetch(container, tty, condition.within_seconds)
            except PlatformError as error:
                if UNREADABLE not in str(error):
                    raise
                driver = word(part(part(told, "HostConfig"), "LogConfig").get("Type") or "its own")
                why = f"its log driver, {driver}, keeps nothing that its engine can read"
                return Unknown(why, _query(container, condition))
            return _reading(condition, container, status, await _compared(condition, container, came, match))

        return await self._containers.each(request, look, QUERY)


@dataclass(frozen=True, slots=True)
class Came:
    """What an engine sent of a log. cut: whether there may have been more."""

    read: Read
    cut: bool


async def _fetch(container: Container, tty: bool, within_seconds: float) -> Came:
    """The newest lines of the span. Raises PlatformError, and ValueError where they are no engine's."""
    for most in (MOST_PIECES, FEWER_PIECES):
        try:
            content = await container.logs(container.at - timedelta(seconds=within_seconds), most, MOST_BYTES)
        except Permanent as error:
            if error.code == "too_large" and most != FEWER_PIECES:
                continue
            raise
        read = read_lines(content, tty=tty)
        return Came(read, read.pieces >= most)
    raise AssertionError("the last try returns or raises")


async def _compared(condition: Condition, container: Container, came: Came, match: re.Pattern[str]) -> Found:
    since = container.at - timedelta(seconds=condition.within_seconds)
    lines = [line for line in came.read.lines if since <= line.at <= container.at]
    matching: list[Line] = []
    for place in range(0, len(lines), AT_A_TIME):
        matching += [line for line in lines[place : place + AT_A_TIME] if match.search(line.text)]
        await container.engine.clock.sleep(0)
    return Found(tuple(matching), len(lines), max((line.at for line in lines), default=None), came.cut)


def _reading(condition: Condition, container: Container, status: str, found: Found) -> Signal | Unknown:
    query, count = _query(container, condition), len(found.matching)
    if condition.threshold.breached(float(count)):
        samples = tuple(readable(line.text) for line in found.matching[-MOST_LINES:])
        return Signal((Reading(float(count), container.at),), query, samples=samples)
    doubt = _doubt(_options(condition), container, status, found)
    if doubt:
        return Unknown(doubt, query)
    if not count and condition.missing is Missing.UNKNOWN:
        return Unknown(f"none of its {found.lines} lines matches; `missing: zero` makes that a 0", query)
    return Signal((Reading(float(count), container.at),), query)


def _doubt(options: DockerLogsOptions, container: Container, status: str, found: Found) -> str:
    """Why a count that does not breach says nothing; empty when it does."""
    if found.cut:
        return f"its log is longer than can be read: {len(found.matching)} of its newest {found.lines} lines match"
    if status != "running":
        return f"it is {status}: that no more lines match says nothing"
    if options.silent_after is None:
        return ""
    if found.newest is None or (container.at - found.newest).total_seconds() > options.silent_after:
        return f"it has written no line for over {duration_text(options.silent_after)}"
    return ""


def _query(container: Container, condition: Condition) -> str:
    return f"{QUERY} {container.id} {_options(condition).match} within {duration_text(condition.within_seconds)}"


def _options(condition: Condition) -> DockerLogsOptions:
    assert isinstance(condition.options, DockerLogsOptions)
    return condition.options


def _check(condition: Condition) -> Flaw | None:
    silent_after = _options(condition).silent_after
    if silent_after is not None and silent_after > condition.within_seconds:
        return Flaw("within", "must not be shorter than 'silent_after': older lines are not read.")
    return None


def _build(_source: object, platform: object, resources: Resources) -> Probe:
    return DockerLogs(Containers(platform, resources))


PROBE = ProbeSpec(
    name="docker_logs",
    options=DockerLogsOptions,
    build=_build,
    summary="How many lines of a container's log match, read from its engine.",
    counts=True,
    check=_check,
)
