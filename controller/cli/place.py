"""Where a command finds its configuration, and whether it may go to the journal directly."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.domain.errors import RepaveError

if TYPE_CHECKING:
    from controller.app.configuration import Config
    from controller.app.desk import Desk
    from controller.app.remote import RemoteDesk

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        metavar="CONFIG",
        help="The configuration: a file, s3://BUCKET/KEY or ssm:/NAME. Without it: $REPAVE_CONFIG, else ./repave.yaml.",
        show_default=False,
    ),
]

JournalOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        metavar="CONFIG",
        help="Go to the journal of this configuration: a file, s3://BUCKET/KEY or ssm:/NAME. Without it the daemon at "
        "$REPAVE_URL is asked, and where that is not set the journal of $REPAVE_CONFIG, else of ./repave.yaml.",
        show_default=False,
    ),
]

NOWHERE = (
    "there is no daemon to ask and no journal to read: name the daemon's configuration with -c CONFIG (or in "
    "REPAVE_CONFIG, or as ./repave.yaml) to read its journal directly, or the daemon's address in REPAVE_URL"
)


class CommandError(RepaveError):
    """The command cannot be carried out as it was given."""


def load(option: str | None) -> "Config":
    """The configuration of a command that needs no daemon.

    Raises ConfigError when there is none or it is wrong.
    """
    from controller.app.configuration import load_config

    return load_config(option)


def desk_for(option: str | None) -> "Desk | RemoteDesk":
    """Who answers for a running daemon: its journal where -c names a configuration, else the daemon at REPAVE_URL, else
    the journal of the configuration that is found.

    Raises CommandError when there is nothing of these, RemoteError when REPAVE_URL or REPAVE_TOKEN cannot be used,
    ConfigError when the configuration is wrong.
    """
    from controller.app.desk import Desk
    from controller.app.remote import RemoteDesk

    url = os.environ.get("REPAVE_URL")
    if option is None and url:
        return RemoteDesk(url, os.environ.get("REPAVE_TOKEN") or None)
    if option is None and not os.environ.get("REPAVE_CONFIG") and not Path("repave.yaml").is_file():
        raise CommandError(NOWHERE)
    return Desk(load(option))
