"""Certificates for telemetry over HTTP: the authorities that are trusted, and what proves who asks."""

import ssl
from pathlib import Path
from typing import Any

from controller.domain.errors import Permanent


def versions(files: tuple[str | None, ...]) -> tuple[Any, ...]:
    """The files, and when each was last written."""
    try:
        return tuple((name, Path(name).stat().st_mtime_ns) for name in files if name)
    except OSError as error:
        raise Permanent(f"{error.filename}: {error.strerror}", call="http.tls", code="tls") from None


def context_of(ca_file: str | None, client_cert: str | None, client_key: str | None) -> ssl.SSLContext:
    """A context that always verifies. Raises Permanent when a file cannot be used."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError):
        raise Permanent(f"{ca_file}: holds no certificates that can be used", call="http.tls", code="tls") from None
    if client_cert:
        try:
            context.load_cert_chain(client_cert, client_key, password=_no_password)
        except (OSError, ValueError):
            what = "holds no certificate with its key that can be used"
            raise Permanent(f"{client_cert}: {what}", call="http.tls", code="tls") from None
    return context


def _no_password() -> str:
    """Without this, an encrypted key makes OpenSSL ask the terminal."""
    return ""
