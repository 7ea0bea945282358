"""What people say with no API of ours: a label, or a volume that comes and goes, stops what would be done."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from controller.clients.docker import Engine
from controller.domain.errors import Gone, PlatformError
from controller.domain.replacement import Replacement
from controller.domain.veto import Needs, Veto
from controller.platforms.docker.cache import FactCache, remember
from controller.platforms.docker.container import Container
from controller.platforms.docker.names import HOLD, HOLD_VOLUME
from controller.platforms.docker.shared import Shared
from controller.platforms.docker.vetoes import said


@dataclass(frozen=True, slots=True)
class Marks:
    """The volumes of an engine whose names hold something. gap: why they could not be read; about a stop, no answer is
    a yes."""

    volumes: frozenset[str] = frozenset()
    gap: str | None = None


async def marks(engine: Engine) -> Marks:
    """The engine's volumes that hold something."""
    try:
        return Marks(await _volumes(engine))
    except PlatformError as error:
        return Marks(gap=f"whether a volume holds {engine.address.url} could not be read: {error}")


class Holds:
    """What stops replacements on some engines: asked before each of their calls, so asked cheaply. Who asks at the same
    moment shares one look at the volumes; a container's labels are for life, and asked once."""

    def __init__(self, engines: Mapping[str, Engine], cache: FactCache) -> None:
        self._engines = engines
        self._cache = cache
        self._volumes = {url: Shared(partial(_volumes, engine)) for url, engine in engines.items()}

    async def held(self, replacement: Replacement) -> str | None:
        """By what this replacement is stopped now, or None. Raises PlatformError when that cannot be told."""
        group = replacement.group
        if group not in self._engines:
            raise Gone(f"the fleet has no engine {group}")
        ids = [replacement.predecessor, *([replacement.successor] if replacement.successor else [])]
        volumes, found = await asyncio.gather(
            self._volumes[group](), asyncio.gather(*(self._told(self._engines[group], one) for one in ids))
        )
        for name, labels in found:
            if HOLD in labels:
                return said(HOLD, name, labels[HOLD])
        names = _names(*(name for name, _ in found), replacement.id, _predecessor_name(replacement))
        return next((_volume(volume) for volume in sorted(volumes) if volume in names), None)

    async def _told(self, engine: Engine, container_id: str) -> tuple[str, Mapping[str, str]]:
        """The name that a container had when it was first asked about, and its labels; none when it is gone."""
        key = (engine.address, container_id)
        known = self._cache.labels.get(key)
        if known is not None:
            return known
        try:
            told = await engine.read("ContainerInspect", f"/containers/{container_id}/json")
        except Gone:
            return "", {}
        labels = (told.get("Config") or {}).get("Labels") or {}
        return remember(self._cache.labels, key, (told["Name"].removeprefix("/"), labels))


def engine_marks(found: Marks) -> Iterator[Veto]:
    """What the volumes say of all containers of an engine. While they cannot be read, it counts as held: it may be."""
    if found.gap is not None:
        yield Veto("held", found.gap, Needs.WORLD)
    if HOLD_VOLUME in found.volumes:
        yield Veto("held", _volume(HOLD_VOLUME), Needs.PERSON)


def member_marks(member: Container, found: Marks) -> Iterator[Veto]:
    """What a container's own label says of it, and the volume of its name."""
    if HOLD in member.labels:
        yield Veto("held", said(HOLD, member.name, member.labels[HOLD]), Needs.PERSON)
    for volume in sorted(found.volumes & _names(member.name) - {HOLD_VOLUME}):
        yield Veto("held", _volume(volume), Needs.PERSON)


def _names(*containers: str) -> frozenset[str]:
    return frozenset({HOLD_VOLUME, *(f"{HOLD_VOLUME}-{name}" for name in containers if name)})


def _volume(name: str) -> str:
    return f"there is a volume {name}: `docker volume rm {name}` ends the hold"


def _predecessor_name(replacement: Replacement) -> str:
    before = replacement.facts.get("predecessor_facts") or {}
    return str(before.get("container.name") or "")


async def _volumes(engine: Engine) -> frozenset[str]:
    """The filter is a substring's; whatever else it finds is nobody's."""
    answer = await engine.read("VolumeList", "/volumes", filters={"name": [HOLD_VOLUME]})
    names = (volume["Name"] for volume in answer.get("Volumes") or ())
    return frozenset(name for name in names if name == HOLD_VOLUME or name.startswith(f"{HOLD_VOLUME}-"))
