"""`repave validate` and `repave schema`: the configuration, before anything runs."""

from typing import Annotated

import typer

from controller.cli.output import complain, print_json
from controller.domain.errors import ConfigError

INVALID = 2


def validate(
    config: Annotated[
        str, typer.Argument(metavar="CONFIG", help="The configuration: a file, s3://BUCKET/KEY or ssm:/NAME.")
    ],
) -> None:
    """Check a configuration.

    Names every error on a line of its own, as `file:line:column: message`, and exits with 2; exits with 0 when it can
    be used. What is allowed but probably not meant is a warning. No secret is read, and nothing is asked over the
    network but for a configuration that is kept there.

    Examples:
        repave validate repave.yaml
        repave validate s3://bucket/repave.yaml
    """
    from controller.app.configuration import load_config

    try:
        loaded = load_config(config)
    except ConfigError as error:
        complain(str(error))
        raise typer.Exit(INVALID) from None
    for warning in loaded.warnings:
        complain(f"{warning} (warning)")
    fleets = len(loaded.fleets)
    typer.echo(f"{config}: good ({fleets} fleet{'' if fleets == 1 else 's'}: {', '.join(loaded.fleets)})")


def schema() -> None:
    """Print the JSON Schema of the configuration file.

    Editors use it to complete keys and to mark errors; the description of each key says what it means.

    Example:
        repave schema > repave.schema.json
    """
    from controller.app.configuration import config_schema

    print_json(config_schema())
