"""`repave run`: the daemon."""

import asyncio
import os
import sys
from typing import Annotated

import typer

from controller.cli.place import ConfigOption


def run(
    config: ConfigOption = None,
    until_settled: Annotated[
        bool,
        typer.Option(
            "--until-settled",
            help="End when nothing is left to do: with 0, with 1 if a replacement failed or a breaker is open, "
            "with 3 if a hold stops one that is under way.",
        ),
    ] = False,
) -> None:
    """Watch the fleets, and act on them.

    How far it may go is for each fleet's mode to say: observe decides and explains, ask waits for a person's yes, act
    replaces. What is under way from before is brought to its end in every mode.

    Logs go to standard error: one JSON object per line, or readable lines on a terminal. The API, /healthz, /readyz
    and /metrics are served where `listen` says. SIGTERM or Ctrl-C parks what is under way, gives the leases up and
    ends within 20 seconds; a second one ends at once. Either is safe: the next start goes on from the journal.

    REPAVE_LOG_LEVEL (debug, info, warning, error) says how much. Traces are sent where OTEL_EXPORTER_OTLP_ENDPOINT
    says, if it is set; with NEW_RELIC_LICENSE_KEY, New Relic's agent reports each look and each replacement.

    Examples:
        repave run -c repave.yaml
        repave run --until-settled
    """
    from controller.app.config_source import ConfigSource
    from controller.app.configuration import load_to_run
    from controller.app.logs import set_up
    from controller.app.serve import serve

    loaded = load_to_run(config)
    set_up(sys.stderr, os.environ)
    source = ConfigSource(config, os.environ)
    raise typer.Exit(asyncio.run(serve(loaded, until_settled=until_settled, source=source)))
