"""Where traces go: the OTLP exporter's own environment variables, read as the OpenTelemetry specification says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from controller.domain.errors import ConfigError

PREFIX = "OTEL_EXPORTER_OTLP_"
TRACES = "OTEL_EXPORTER_OTLP_TRACES_"

DEFAULT_TIMEOUT_SECONDS = 10.0
LEAST_TIMEOUT_SECONDS = 1.0
MOST_TIMEOUT_SECONDS = 120.0

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Destination:
    """An OTLP/HTTP endpoint for traces. headers: may hold keys, so they are never shown."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS

    @property
    def place(self) -> str:
        """Scheme, host and port: what may be logged."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def destination(environment: Mapping[str, str]) -> Destination | None:
    """The endpoint that the environment names, or None when it names none: then spans wait in the journal.

    `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is taken as it is; `OTEL_EXPORTER_OTLP_ENDPOINT` gets `/v1/traces` appended.
    Headers, time limit and protocol come from the `_TRACES_` variable, else from the general one.
    Raises ConfigError when a variable cannot be used; the text never repeats a header's value.
    """
    own, general = environment.get(f"{TRACES}ENDPOINT", ""), environment.get(f"{PREFIX}ENDPOINT", "")
    if not own and not general:
        return None
    _, protocol = _variable(environment, "PROTOCOL")
    if protocol not in ("", "http/protobuf"):
        raise ConfigError(f"OTLP protocol {protocol}: only http/protobuf is spoken here (port 4318 of most collectors)")
    url = own or f"{general.rstrip('/')}/v1/traces"
    _check_url(url, f"{TRACES}ENDPOINT" if own else f"{PREFIX}ENDPOINT")
    return Destination(url, _headers(*_variable(environment, "HEADERS")), _timeout(*_variable(environment, "TIMEOUT")))


def _variable(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    """The name and value of the variable that counts; an empty one counts as unset."""
    own = f"{TRACES}{name}"
    return (
        (own, environment[own]) if environment.get(own) else (f"{PREFIX}{name}", environment.get(f"{PREFIX}{name}", ""))
    )


def _check_url(url: str, variable: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{variable}: not an http:// or https:// address with a host")


def _headers(variable: str, text: str) -> dict[str, str]:
    """`key=value,key=value`, percent-encoded as in W3C Baggage."""
    headers = {}
    for number, entry in enumerate(text.split(","), start=1):
        if not entry.strip():
            continue
        name, equals, value = entry.partition("=")
        name, value = unquote(name.strip()).lower(), unquote(value.strip())
        if not equals or not HEADER_NAME.fullmatch(name) or not value.isprintable() or not value.isascii():
            raise ConfigError(f"{variable}: entry {number} is not a header as key=value, percent-encoded")
        headers[name] = value
    return headers


def _timeout(variable: str, text: str) -> float:
    """Milliseconds, kept between one second and two minutes, because some exporters read the variable as seconds."""
    if not text:
        return DEFAULT_TIMEOUT_SECONDS
    if not text.strip().isdecimal():
        raise ConfigError(f"{variable}: not a whole number of milliseconds")
    return min(max(int(text) / 1000, LEAST_TIMEOUT_SECONDS), MOST_TIMEOUT_SECONDS)
