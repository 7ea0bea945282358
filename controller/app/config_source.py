"""Where a daemon's configuration is kept, so that it can be read again: a file, an object in S3, a parameter of SSM."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from controller.clients.aws import Aws
from controller.clients.config_store import ConfigStore
from controller.domain.ports import Resources
from controller.settings import config_name, decoded, is_remote, read_config


@dataclass(frozen=True, slots=True)
class Found:
    """A configuration's text. version: what S3 or SSM calls it, empty for a file. mark: by which it is known again."""

    text: str
    version: str
    mark: str


class ConfigSource:
    """One configuration, wherever it is. reference: what was given with -c, if anything."""

    def __init__(self, reference: str | None, environ: Mapping[str, str]) -> None:
        self._reference = reference
        self._environ = environ
        self.name = config_name(reference, environ)
        self.remote = is_remote(self.name)

    async def find(self, resources: Resources, unless: str = "") -> Found | None:
        """Its text as it is now; None when it still has this mark.

        Raises ConfigUnreachable when it may work on the next try, and else ConfigError.
        """
        if not self.remote:
            found = await asyncio.to_thread(self.find_file)
            return found if found.mark != unless else None
        stored = await ConfigStore(resources.get(Aws)).fetch(self.name, unless)
        if stored is None:
            return None
        return Found(decoded(stored.content, self.name, "configuration"), stored.version, stored.mark)

    def find_file(self) -> Found:
        """The text of a file. Raises ConfigError."""
        text, _ = read_config(self._reference, self._environ)
        return Found(text, "", sha256(text.encode()).hexdigest())
