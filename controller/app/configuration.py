"""From what a person gave (a file's name, a duration) to what the program works with, plug-ins merged in."""

import os
from typing import Any

from pydantic_core import PydanticCustomError

from controller.app import plugins
from controller.app.ecs import refuse_to_forget, warned
from controller.domain.errors import RepaveError
from controller.settings import Config, Specs, load, read_config, schema
from controller.settings.values import read_duration

__all__ = ["Config", "config_schema", "duration_seconds", "load_config", "load_to_run", "specs"]


def specs() -> Specs:
    """What a configuration may speak of."""
    return Specs(platforms=plugins.platforms(), probes=plugins.probes(), sources=plugins.sources())


def load_config(reference: str | None) -> Config:
    """The configuration of that name; without one that of REPAVE_CONFIG, else ./repave.yaml.

    Raises ConfigError.
    """
    text, name = read_config(reference, os.environ)
    return warned(load(text, name, specs()), os.environ)


def load_to_run(reference: str | None) -> Config:
    """The same, for a daemon. Raises ConfigError also where acting by it could not be remembered."""
    config = load_config(reference)
    refuse_to_forget(config, os.environ)
    return config


def config_schema() -> dict[str, Any]:
    """The JSON Schema of the configuration."""
    return schema(specs())


def duration_seconds(text: str) -> float:
    """Seconds in `2h` or `1h30m`, as the configuration writes them.

    Raises RepaveError.
    """
    try:
        seconds = read_duration(text)
    except PydanticCustomError as error:
        raise RepaveError(f"a duration {error.message()}") from None
    return seconds
