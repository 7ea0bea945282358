"""`repave health`: what a container's health check runs, in an image that has neither a shell nor curl."""

from contextlib import closing
from http.client import HTTPConnection, HTTPException, InvalidURL
from typing import Annotated
from urllib.parse import urlsplit

import typer

from controller.cli.place import CommandError

MOST_BYTES = 4096


def health(
    url: Annotated[
        str,
        typer.Option(
            "--url", metavar="URL", envvar="REPAVE_HEALTH_URL", help="The daemon's /healthz, over plain HTTP."
        ),
    ] = "http://127.0.0.1:8080/healthz",
    timeout: Annotated[
        float,
        typer.Option("--timeout", min=0.1, max=600, metavar="SECONDS", help="How long the daemon may take to answer."),
    ] = 4.0,
) -> None:
    """Ask a daemon whether it is alive: 0 when it is, 1 when it is not.

    Needs no configuration and no token. The image's health check is this command: where `listen` says another port
    than 8080, set REPAVE_HEALTH_URL.

    Examples:
        repave health
        repave health --url http://127.0.0.1:9000/healthz
    """
    code, sentence = asked(url, timeout)
    typer.echo(sentence)
    raise typer.Exit(0 if code == 200 else 1)


def asked(url: str, timeout_seconds: float) -> tuple[int, str]:
    """The status and the first line of what the daemon says. Redirects are not followed.

    Raises CommandError when the address cannot be used or nobody answers in time.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise CommandError(f"--url: {url!r} is no address that begins with http://")
        with closing(HTTPConnection(parts.hostname, parts.port, timeout=timeout_seconds)) as connection:
            connection.request("GET", parts.path or "/healthz")
            answer = connection.getresponse()
            text = answer.read(MOST_BYTES).decode(errors="replace").strip()
    except (ValueError, InvalidURL) as error:
        raise CommandError(f"--url: {url!r}: {error}") from None
    except (OSError, HTTPException) as error:
        raise CommandError(f"no daemon answers at {url}: {str(error) or type(error).__name__}") from None
    return answer.status, text.partition("\n")[0] or f"HTTP {answer.status}"
