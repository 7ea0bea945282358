"""What a container leaves to be seen, kept before it is stopped: what somebody who logged in would have looked at.

All of it is bounded, and without what looks like a secret. It is a courtesy to people: a part that cannot be had is
named inside, and stops nothing.
"""

import asyncio
import json
from collections.abc import Awaitable, Mapping, Sequence
from math import isfinite
from typing import Any

from controller.clients.docker import Engine
from controller.clients.docker_frames import text_of
from controller.clients.redaction import arguments, printable, redacted, scrub
from controller.domain.errors import PlatformError

MOST_BYTES = 64 * 1024
"""Of the whole, as JSON. The parts' own shares below come to less."""

LOG_BYTES = 24 * 1024
INSPECT_BYTES = 16 * 1024
CHANGES_BYTES = 8 * 1024
TOP_BYTES = 6 * 1024

LOG_LINES = 200
LINE_CHARACTERS = 2_000
MOST_ITEMS = 60
PATIENCE_SECONDS = 5.0
"""For each part; they are asked for side by side."""

KINDS = ("C", "A", "D")
"""What became of a path: changed, added, deleted; by the number that the engine gives it."""

SENSELESS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

Json = dict[str, Any]


async def evidence_of(engine: Engine, container_id: str) -> Json:
    """Its last log lines, what the engine knows of it, one measurement, what changed in its files, what runs in it.

    Keys: `logs` {lines, cut}, `inspect`, `stats` {memory_bytes, memory_limit_bytes, pids, cpu_seconds}, `changes`
    {count, paths}, `top` {titles, processes, cut}; each only where it could be had, and `missing` {part: why} for the
    rest. Never more than 64 KiB as JSON. Raises nothing but cancellation.
    """
    path = f"/containers/{container_id}"
    logs = engine.read_bytes("ContainerLogs", f"{path}/logs", stdout=1, stderr=1, timestamps=1, tail=LOG_LINES)
    parts: dict[str, Awaitable[Json]] = {
        "logs": _logs(logs),
        "inspect": _inspect(engine.read("ContainerInspect", f"{path}/json")),
        "stats": _stats(engine.read("ContainerStats", f"{path}/stats", stream=False, **{"one-shot": True})),
        "changes": _changes(engine.read("ContainerChanges", f"{path}/changes")),
        "top": _top(engine.read("ContainerTop", f"{path}/top")),
    }
    found = dict(zip(parts, await asyncio.gather(*map(_had, parts.values())), strict=True))
    missing = {name: part for name, part in found.items() if isinstance(part, str)}
    kept: Json = {name: part for name, part in found.items() if not isinstance(part, str)}
    return {**kept, "missing": missing} if missing else kept


async def _had(part: Awaitable[Json]) -> Json | str:
    """The part, or in one sentence why there is none."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await part
    except TimeoutError:
        return f"no answer within {PATIENCE_SECONDS:g} s"
    except PlatformError as error:
        return scrub(printable(str(error)))[:300]
    except SENSELESS as error:
        return f"what the engine answers makes no sense ({type(error).__name__})"


async def _logs(reading: Awaitable[bytes]) -> Json:
    """The newest lines that there is room for, oldest first."""
    lines = [scrub(printable(line[:LINE_CHARACTERS])) for line in text_of(await reading).splitlines()]
    kept: list[str] = []
    room = LOG_BYTES
    for line in reversed(lines[-LOG_LINES:]):
        room -= _size(line) + 2
        if room < 0:
            break
        kept.append(line)
    return {"lines": kept[::-1], "cut": len(lines) - len(kept)}


async def _inspect(reading: Awaitable[Any]) -> Json:
    """Without what is the same for all containers, or empty, and in the end without what is too large."""
    told = dict(await reading)
    config, state = dict(told.get("Config") or {}), dict(told.get("State") or {})
    health = dict(state.get("Health") or {})
    log = health.get("Log") or []
    networks = (told.get("NetworkSettings") or {}).get("Networks")
    shown: Json = {
        **{key: told.get(key) for key in ("Id", "Name", "Created", "Image", "RestartCount", "Driver", "Path", "Args")},
        "State": {**state, "Health": {**health, "Log": log[-3:]}} if health else state,
        "Config": config,
        "Mounts": told.get("Mounts"),
        "ExecIDs": told.get("ExecIDs"),
        "Networks": networks,
        "HostConfig": told.get("HostConfig"),
    }
    document = {name: redacted(name, _short(item)) for name, item in shown.items()}
    document = {name: item if name == "State" else _full(item) for name, item in document.items() if item}
    cut = []
    while _size(document) > INSPECT_BYTES:
        cut.append(max(document, key=lambda name: (name not in ("Id", "Name", "State"), _size(document[name]))))
        del document[cut[-1]]
    return {**document, **({"cut": cut} if cut else {})}


async def _stats(reading: Awaitable[Any]) -> Json:
    told = dict(await reading)
    memory, processor = dict(told.get("memory_stats") or {}), dict(told.get("cpu_stats") or {})
    nanoseconds = dict(processor.get("cpu_usage") or {}).get("total_usage")
    numbers = {
        "memory_bytes": memory.get("usage"),
        "memory_limit_bytes": memory.get("limit"),
        "pids": dict(told.get("pids_stats") or {}).get("current"),
        "cpu_seconds": nanoseconds / 1e9 if nanoseconds is not None else None,
    }
    return {name: value for name, value in numbers.items() if _is_number(value)}


async def _changes(reading: Awaitable[Any]) -> Json:
    """As `docker diff` writes them, the first in the order of their names."""
    told = await reading or []
    paths = sorted((str(item["Path"]), KINDS[int(item["Kind"])]) for item in told)
    lines = (printable(f"{kind} {path[:LINE_CHARACTERS]}") for path, kind in paths[:MOST_ITEMS])
    return {"count": len(paths), "paths": _fitting(list(lines), CHANGES_BYTES)}


async def _top(reading: Awaitable[Any]) -> Json:
    told = await reading
    titles = [printable(str(title))[:60] for title in told["Titles"]][:20]
    rows = [arguments([str(word)[:300] for word in row[: len(titles)]]) for row in told["Processes"][:MOST_ITEMS]]
    kept = _fitting(rows, TOP_BYTES)
    return {"titles": titles, "processes": kept, "cut": len(told["Processes"]) - len(kept)}


def _full(value: Any) -> Any:
    """The value without what is empty or zero in it."""
    if isinstance(value, Mapping):
        inner = {str(key): _full(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item not in (None, "", 0, [], {})}
    return [_full(item) for item in value] if isinstance(value, list) else value


def _short(value: Any) -> Any:
    """The same with short texts and lists."""
    match value:
        case str():
            return value if len(value) <= 500 else f"{value[:500]}..."
        case Mapping():
            return {key[:200]: _short(item) for key, item in list(value.items())[:MOST_ITEMS]}
        case list():
            return [_short(item) for item in value[:MOST_ITEMS]]
        case _:
            return value


def _fitting(items: Sequence[Any], most_bytes: int) -> list[Any]:
    """The first items that there is room for."""
    kept = []
    for item in items:
        most_bytes -= _size(item) + 2
        if most_bytes < 0:
            break
        kept.append(item)
    return kept


def _size(value: Any) -> int:
    """Bytes as JSON, as the journal writes it."""
    return len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and isfinite(value)
