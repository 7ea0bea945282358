"""`repave health`: what a container's health check runs, in an image that has neither a shell nor curl."""

from typing import Annotated

import typer

from controller.cli import alive


def health(
    url: Annotated[
        str,
        typer.Option(
            "--url", metavar="URL", envvar=alive.ADDRESS_VARIABLE, help="The daemon's /healthz, over plain HTTP."
        ),
    ] = alive.ADDRESS,
    timeout: Annotated[
        float,
        typer.Option("--timeout", min=0.1, max=600, metavar="SECONDS", help="How long the daemon may take to answer."),
    ] = alive.TIMEOUT_SECONDS,
) -> None:
    """Ask a daemon whether it is alive: 0 when it is, 1 when it is not.

    Needs no configuration and no token. The image's health check is this command: where `listen` says another port
    than 8080, set REPAVE_HEALTH_URL.

    Examples:
        repave health
        repave health --url http://127.0.0.1:9000/healthz
    """
    raise typer.Exit(alive.said(url, timeout))
