"""What a fleet's `docker:` may say."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from controller.clients.docker_transport import EngineAddress
from controller.clients.option_types import OptionDurationOrNone, expected, shown
from controller.platforms.docker.load_balancer import LoadBalancerOptions

DEFAULT_HOST = "unix:///var/run/docker.sock"
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""A date before it is a placeholder: 1970 and 1980 of reproducible builds, the year 1 of the engine itself."""

_HOST = r"^(unix:///\S+|tcp://[^\s/:@]+:[0-9]{1,5})$"
_LABEL = r"^[^\s=]+(=\S*)?$"
_PORTS = r"^[0-9]{1,5}-[0-9]{1,5}$"


def _host(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(_HOST, value):
        return value.rstrip("/")
    raise expected(f"must be an engine such as {DEFAULT_HOST} or tcp://10.0.0.5:2376, not {shown(value)}")


def _label(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(_LABEL, value):
        return value
    raise expected(f"must be a label such as fleet=edge, or its key alone, not {shown(value)}")


def _ports(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(_PORTS, value):
        low, high = map(int, value.split("-"))
        if 0 < low < high <= 65535:
            return value
    raise expected(f"must be a range of ports such as 8000-8099, not {shown(value)}")


def _date(value: object) -> datetime:
    """A day or a moment; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        read = None
    if not isinstance(read, datetime):
        raise expected(f"must be a date such as 2026-09-01 or 2026-09-01T12:00:00Z, not {shown(value)}")
    read = read if read.tzinfo else read.replace(tzinfo=UTC)
    if read < EARLIEST:
        raise expected(f"must be a date that somebody set, from {EARLIEST.year} on, not {shown(value)}")
    return read


Host = Annotated[str, PlainValidator(_host), WithJsonSchema({"type": "string", "pattern": _HOST})]
Label = Annotated[str, PlainValidator(_label), WithJsonSchema({"type": "string", "pattern": _LABEL})]
Ports = Annotated[str, PlainValidator(_ports), WithJsonSchema({"type": "string", "pattern": _PORTS})]
Date = Annotated[
    datetime,
    PlainValidator(_date),
    PlainSerializer(lambda date: date.isoformat(), when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}", "examples": ["2026-09-01"]}),
]
Path = Annotated[str, Field(min_length=1)]


class TlsOptions(BaseModel):
    """How an engine at tcp:// proves itself, and we to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca_file: Path | None = Field(default=None, description="the authority that signed the engine's certificate")
    client_cert: Path | None = Field(default=None, description="our certificate")
    client_key: Path | None = Field(default=None, description="the key to it")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.client_cert is None) != (self.client_key is None):
            raise ValueError("`client_cert` and `client_key` go together")
        if self.ca_file is None and self.client_cert is None:
            raise ValueError("say `ca_file`, or `client_cert` and `client_key`, or all three")
        return self


class DockerOptions(BaseModel):
    """The containers of one engine, or of several, that carry a label."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Host = Field(default=DEFAULT_HOST, description="the engine: unix:///PATH or tcp://HOST:PORT")
    hosts: tuple[Host, ...] = Field(
        default=(),
        max_length=50,
        description="several engines instead of one; a fleet is looked at whole or not at all",
    )
    label: Label = Field(description="the label, KEY or KEY=VALUE, that makes a container a member")
    tls: TlsOptions | None = Field(default=None, description="for engines at tcp://")
    pull: Literal["never", "if_missing", "always"] = Field(
        default="never", description="whether a launch fetches the image that the reference names: if absent, or anyway"
    )
    volumes: Literal["refuse", "shared"] = Field(
        default="refuse", description="shared: a successor may use its predecessor's writable volumes beside it"
    )
    ports: Ports | None = Field(
        default=None, description="LOW-HIGH: successors publish on a free port of these, where theirs is fixed"
    )
    quarantine: OptionDurationOrNone = Field(
        default=0.0, description="for how long a replaced container is kept, stopped, to be looked at"
    )
    image_created: Mapping[Path, Date] = Field(
        default={},
        max_length=100,
        description="dates by hand, by reference or id, of images that do not tell their own",
    )
    load_balancer: LoadBalancerOptions | None = Field(
        default=None, description="what sends traffic to the containers, one kind; none: a healthy container is ready"
    )

    @model_validator(mode="after")
    def _names_engines_in_one_way(self) -> Self:
        if self.hosts and self.host != DEFAULT_HOST:
            raise ValueError("say either `host` or `hosts`")
        if len(set(self.hosts)) < len(self.hosts):
            raise ValueError("an engine is there twice in `hosts`")
        if self.tls is not None and not all(host.startswith("tcp://") for host in self.engines):
            raise ValueError("`tls` is for engines at tcp://")
        return self

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines' URLs, which are also the names of the fleet's groups."""
        return self.hosts or (self.host,)

    @property
    def addresses(self) -> tuple[EngineAddress, ...]:
        """Where the engines are, and what proves who asks; in the order of `engines`."""
        tls = self.tls or TlsOptions.model_construct()
        return tuple(EngineAddress(url, tls.ca_file, tls.client_cert, tls.client_key) for url in self.engines)

    @property
    def port_range(self) -> range | None:
        """The host ports that successors may publish on."""
        if self.ports is None:
            return None
        low, high = map(int, self.ports.split("-"))
        return range(low, high + 1)

    def selects(self, labels: Mapping[str, Any]) -> bool:
        """Whether a container with these labels is a member."""
        key, wants_value, value = self.label.partition("=")
        return key in labels and (not wants_value or labels[key] == value)
