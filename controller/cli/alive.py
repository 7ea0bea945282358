"""Asks a daemon whether it is alive, with the standard library alone: engines have containers do that all the time."""

import os
import sys
from contextlib import closing
from http.client import HTTPConnection, HTTPException, InvalidURL
from urllib.parse import urlsplit

from controller.domain.errors import RepaveError

ADDRESS = "http://127.0.0.1:8080/healthz"
ADDRESS_VARIABLE = "REPAVE_HEALTH_URL"
TIMEOUT_SECONDS = 4.0
MOST_BYTES = 4096


class NotAlive(RepaveError):
    """Nobody answers there, or nobody could."""


def main() -> int:
    """`repave health` without options; its exit code."""
    try:
        return said(os.environ.get(ADDRESS_VARIABLE) or ADDRESS, TIMEOUT_SECONDS)
    except NotAlive as error:
        sys.stderr.write(f"repave: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130  # as after every command


def said(url: str, timeout_seconds: float) -> int:
    """Print what the daemon says, and return the exit code for it. Raises NotAlive as `asked` does."""
    status, sentence = asked(url, timeout_seconds)
    sys.stdout.write(f"{sentence}\n")
    return 0 if status == 200 else 1


def asked(url: str, timeout_seconds: float) -> tuple[int, str]:
    """The status and the first line of what the daemon says. Redirects are not followed.

    Raises NotAlive when the address cannot be used or nobody answers in time.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise NotAlive(f"--url: {url!r} is no address that begins with http://")
        with closing(HTTPConnection(parts.hostname, parts.port, timeout=timeout_seconds)) as connection:
            connection.request("GET", parts.path or "/healthz")
            answer = connection.getresponse()
            text = answer.read(MOST_BYTES).decode(errors="replace").strip()
    except (ValueError, InvalidURL) as error:
        raise NotAlive(f"--url: {url!r}: {error}") from None
    except (OSError, HTTPException) as error:
        raise NotAlive(f"no daemon answers at {url}: {str(error) or type(error).__name__}") from None
    return answer.status, text.partition("\n")[0] or f"HTTP {answer.status}"
