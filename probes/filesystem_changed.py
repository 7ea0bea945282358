"""Whether somebody changed files in a container, by its engine's own comparison with the image that it came from."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from controller.clients.option_types import expected, shown
from controller.clients.redaction import readable
from controller.domain.model import Reading, Signal, Unknown
from controller.domain.policy import Above
from controller.domain.ports import Probe, ProbeRequest, ProbeSpec, Resources
from probes._changed_paths import Change, changes_of, foreign, mounted
from probes._engine import Container, Containers

QUERY = "docker ContainerChanges"
MOST_SAMPLES = 5
MOST_EXCEPTED = 100
MOST_STARS = 4

SLOW = timedelta(seconds=1)
REST = 20
LONGEST_REST = timedelta(minutes=5)
"""Where the kernel does not help, an engine walks through a whole file system to compare. Who took longer than SLOW to
say that nothing has changed is left alone for REST times as long: that is a twentieth of one core at most."""

SCRATCH = ("/tmp", "/var/tmp", "/run", "/var/run")  # noqa: S108 - these are in the container
"""Where programs put what need not last. Everything else has to be declared."""


def _excepted(path: str) -> str:
    if not re.fullmatch(r"/[^/\0]+(/[^/\0]+)*/?", path) or "/../" in f"{path}/" or "/./" in f"{path}/":
        raise expected(f"must be a whole path such as /var/cache, not {shown(path)}")
    if path.count("*") > MOST_STARS:
        raise expected(f"has at most {MOST_STARS} stars")
    return path.rstrip("/")


ExceptedPath = Annotated[str, Field(strict=True, max_length=500), AfterValidator(_excepted)]


class FilesystemChangedOptions(BaseModel):
    """What the application itself may write."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    excepted: tuple[ExceptedPath, ...] = Field(
        default=SCRATCH,
        alias="except",
        max_length=MOST_EXCEPTED,
        description="paths at and below which files may change, instead of the default; * is any name, ** any names. "
        "`docker diff CONTAINER` lists what one that has served for a while has written",
    )


class FilesystemChanged:
    """Asks each container's engine what differs from its image, one call per container.

    Value: how many paths were changed, added or deleted; the first are told. Not counted: `except`, volumes and other
    mounts, and what the engine writes itself (/etc/hosts, /dev ...). Unknown: the engine cannot compare them
    (some storage drivers), its answer is too large to be read, or it does not know the container.
    """

    def __init__(self, containers: Containers) -> None:
        self._containers = containers
        self._kept: dict[tuple[str, str], tuple[Signal, datetime]] = {}

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        """One reading per container. Raises PlatformError when no engine answers for any of them."""
        options = request.condition.options
        assert isinstance(options, FilesystemChangedOptions)

        async def look(container: Container) -> Signal | Unknown:
            kept, until = self._kept.get((container.id, repr(options)), (None, container.at))
            if kept is not None and container.at < until:
                return kept
            began_at = container.engine.clock.now()
            found = await _foreign(container, options)
            signal = _signal(container, float(len(found)), *map(str, found[:MOST_SAMPLES]))
            took = container.engine.clock.now() - began_at
            if not found and took > SLOW:
                self._kept[container.id, repr(options)] = signal, container.at + min(took * REST, LONGEST_REST)
            return signal

        present = {instance.id for instance in request.instances}
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] in present}
        return await self._containers.each(request, look, QUERY)


async def _foreign(container: Container, options: FilesystemChangedOptions) -> list[Change]:
    changes = changes_of(await container.changes())
    if not changes:
        return []
    return foreign(changes, options.excepted, mounted(await container.inspect()))


def _signal(container: Container, value: float, *samples: str) -> Signal:
    reading = Reading(value, container.at)
    return Signal((reading,), f"{QUERY} {container.id}", UNIT, samples=tuple(map(readable, samples)))


def _build(_source: object, platform: object, resources: Resources) -> Probe:
    return FilesystemChanged(Containers(platform, resources))


UNIT = "paths"
PROBE = ProbeSpec(
    name="filesystem_changed",
    options=FilesystemChangedOptions,
    build=_build,
    summary="Whether files of a container differ from its image, declared paths excepted.",
    threshold=Above(0),
    unit=UNIT,
    bare_hint=(
        f"takes whatever is written outside {', '.join(SCRATCH)} for tampering; say `except`: "
        "`docker diff CONTAINER` lists what yours writes."
    ),
)
