"""Where a command finds its configuration, and whether it may go to the journal directly."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.domain.errors import RepaveError

if TYPE_CHECKING:
    from controller.app.configuration import Config

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        metavar="CONFIG",
        help="The configuration file. Without it: $REPAVE_CONFIG, else ./repave.yaml.",
        show_default=False,
    ),
]

NOWHERE = (
    "there is no daemon to ask and no journal to read: name the daemon's configuration with -c CONFIG (or in "
    "REPAVE_CONFIG, or as ./repave.yaml) to read its journal directly, or the daemon's address in REPAVE_URL"
)
NO_API = (
    "REPAVE_URL is set, but the daemon of this version has no API yet; "
    "name its configuration with -c CONFIG to read its journal directly"
)


class CommandError(RepaveError):
    """The command cannot be carried out as it was given."""


def load(option: str | None) -> "Config":
    """The configuration of a command that needs no daemon.

    Raises ConfigError when there is none or it is wrong.
    """
    from controller.app.configuration import load_config

    return load_config(option)


def load_for_journal(option: str | None) -> "Config":
    """The configuration of a running daemon, for a command that goes to its journal directly.

    Raises CommandError when only the daemon's address is given or nothing at all, ConfigError when it is wrong.
    """
    if option is None and os.environ.get("REPAVE_URL"):
        raise CommandError(NO_API)
    if option is None and not os.environ.get("REPAVE_CONFIG") and not Path("repave.yaml").is_file():
        raise CommandError(NOWHERE)
    return load(option)
