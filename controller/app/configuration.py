"""From what a person gave (a configuration's name, a duration) to what the program works with, plug-ins merged in."""

import asyncio
import os
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic_core import PydanticCustomError

from controller.app import plugins
from controller.app.clients import SharedClients
from controller.app.config_source import ConfigSource, Found
from controller.app.ecs import refuse_to_forget, warned
from controller.clock import SystemClock
from controller.domain.errors import RepaveError
from controller.domain.ports import Resources
from controller.settings import Config, Specs, load, schema
from controller.settings.values import read_duration

__all__ = ["Config", "config_schema", "duration_seconds", "load_config", "load_to_run", "read_again", "specs"]


@cache
def specs() -> Specs:
    """What a configuration may speak of."""
    return Specs(platforms=plugins.platforms(), probes=plugins.probes(), sources=plugins.sources())


def load_config(reference: str | None) -> Config:
    """The configuration of that name; without one that of REPAVE_CONFIG, else ./repave.yaml. Not within a running loop:
    one in S3 or SSM is asked for in a loop of its own.

    Raises ConfigError.
    """
    source = ConfigSource(reference, os.environ)
    return _declared(source, asyncio.run(_fetched(source)) if source.remote else source.find_file())


def load_to_run(reference: str | None) -> Config:
    """The same, for a daemon. Raises ConfigError also where acting by it could not be remembered."""
    return _remembered(load_config(reference))


async def read_again(source: ConfigSource, resources: Resources) -> Config:
    """The configuration of a running daemon, as it is now. Raises what `load_to_run` raises."""
    found = await source.find(resources)
    assert found is not None  # it was not asked for unless it has changed
    return _remembered(await asyncio.to_thread(_declared, source, found))


async def _fetched(source: ConfigSource) -> Found:
    clients = SharedClients(SystemClock())
    try:
        found = await source.find(clients)
        assert found is not None  # the same
        return found
    finally:
        await clients.aclose()


def _declared(source: ConfigSource, found: Found) -> Config:
    config = load(found.text, source.name, specs())
    return warned(replace(config, version=found.version), os.environ)


def _remembered(config: Config) -> Config:
    refuse_to_forget(config, os.environ)
    return config


def config_schema() -> dict[str, Any]:
    """The JSON Schema of the configuration."""
    return schema(specs())


def duration_seconds(text: str) -> float:
    """Seconds in `2h` or `1h30m`, as the configuration writes them. text: how long a hold lasts, `for` in the API and
    on the command line. Raises RepaveError.
    """
    try:
        seconds = read_duration(text)
    except PydanticCustomError as error:
        raise RepaveError(f"'for' {error.message()}") from None
    return seconds
