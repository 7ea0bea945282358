"""Looks whether the configuration has changed where it is kept, and has a changed one read again."""

from hashlib import sha256
from typing import Protocol

import structlog

from controller.app.config_source import ConfigSource, Found
from controller.app.live import Live
from controller.domain.errors import ConfigError, ConfigUnreachable
from controller.domain.ports import Clock, Resources
from controller.settings import text_hash

FILE_SECONDS = 5.0
"""A file is looked at this often, if not more often: it costs nobody anything."""

STABLE_SECONDS = 1.0
"""A file is taken once it was the same for so long: it may have been looked at in the middle of being written."""

MOST_LOOKS = 10
MISSED = 3
"""So many looks in a row that failed as they may: then it is a refusal, which people are told of."""

JITTER = 0.1

log = structlog.get_logger("repave")


class Noticed(Protocol):
    """Whoever reads a configuration again."""

    def notice(self) -> None:
        """It may have changed."""


class ConfigWatch:
    """Asks once per change: the same wrong configuration is complained about once. While what was seen last is not in
    force it is read again every `reload_every`, quietly: what it was refused for may have ended, and whoever read it
    may have been given the one before, because the copies of a store do not agree at once."""

    def __init__(self, source: ConfigSource, resources: Resources, clock: Clock, live: Live, reader: Noticed) -> None:
        self._source = source
        self._resources = resources
        self._clock = clock
        self._live = live
        self._reader = reader
        self._mark = ""
        self._seen: tuple[str, str] | None = None
        self._missed = 0
        self._waited_seconds = 0.0

    async def run(self) -> None:
        """For ever; `reload_every: 0s` in the configuration in force pauses it."""
        while True:
            pause = self._pause_seconds()
            await self._clock.sleep(pause)
            self._waited_seconds += pause
            if self._live.config.reload_every_seconds > 0:
                await self._look_whatever_happens()

    async def look(self) -> None:
        """Look once."""
        try:
            found = await self._settled()
        except ConfigUnreachable as error:
            self._missed += 1
            if self._missed == 1:
                log.warning("the configuration could not be looked at", problem=str(error))
            if self._missed >= MISSED:
                self._reader.notice()
            return
        except ConfigError:
            self._reader.notice()  # reading it again says why
            return
        self._missed = 0
        if found is not None:
            self._mark, self._seen = found.mark, (text_hash(found.text), found.version)
        if not self._in_force() and (found is not None or self._waited_long()):
            self._waited_seconds = 0.0
            self._reader.notice()

    async def _look_whatever_happens(self) -> None:
        try:
            await self.look()
        except Exception:
            log.exception("the configuration could not be looked at")

    async def _settled(self) -> Found | None:
        """What is there, if it is not what was there at the last look; of a file, once it stays so."""
        found = await self._source.find(self._resources, self._mark)
        if found is None or self._source.remote:
            return found
        for _ in range(MOST_LOOKS):
            await self._clock.sleep(STABLE_SECONDS)
            again = await self._source.find(self._resources, found.mark)
            if again is None:
                return found
            found = again
        raise ConfigUnreachable(f"{self._source.name}: the file does not stop changing.")

    def _in_force(self) -> bool:
        """Whether what was seen last is in force, with nothing refused since."""
        live = self._live
        return live.refused_at is None and self._seen in (None, (live.config.hash, live.config.version))

    def _waited_long(self) -> bool:
        return self._waited_seconds >= self._live.config.reload_every_seconds * (1 - JITTER)

    def _pause_seconds(self) -> float:
        """Replicas that were started together do not ask together: a tenth more or less, by chance."""
        every = self._live.config.reload_every_seconds or FILE_SECONDS
        every = every if self._source.remote else min(every, FILE_SECONDS)
        chance = int(sha256(self._clock.new_id("look").encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
        return every * (1 - JITTER + 2 * JITTER * chance)
