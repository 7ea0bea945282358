"""What a rule's `http:` may say."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from controller.clients.http_checks import TlsCheck
from controller.clients.http_options import Text
from controller.clients.option_types import OptionDuration, expected, shown

LONGEST_TIMEOUT_SECONDS = 10.0
"""All probes together have twenty."""


class Metric(StrEnum):
    """What of an answer is read."""

    STATUS = "status"
    LATENCY = "latency_ms"


def _ranges(text: str) -> tuple[range, ...]:
    """`200`, `200-399` or `200,204,300-399`. Raises ValueError."""
    found = []
    for piece in text.split(","):
        low, dash, high = (part.strip() for part in piece.partition("-"))
        first, last = int(low), int(high if dash else low)
        if not 100 <= first <= last <= 599:
            raise ValueError("no statuses of HTTP")
        found.append(range(first, last + 1))
    return tuple(found)


def _expected(value: object) -> object:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    try:
        if isinstance(text, str) and len(text) <= 100 and text.isascii() and _ranges(text):
            return text.replace(" ", "")
    except ValueError:
        pass
    raise expected(f"must be statuses such as 200, 200-399 or 200,204, not {shown(value)}")


def _timeout(seconds: float) -> float:
    if seconds > LONGEST_TIMEOUT_SECONDS:
        raise expected("must be at most 10s: all that a look reads has 20s")
    return seconds


Path = Annotated[str, Field(strict=True, max_length=1000, pattern=r"^/[!-~]*$")]


class HttpTlsOptions(BaseModel):
    """How an instance proves itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verify: bool = Field(default=True, description="whether its certificate has to be a good one")
    server_name: Text | None = Field(default=None, description="the name in it; by default `host`")
    ca_file: Text | None = Field(
        default=None, description="the authorities that vouch for it, in place of the system's"
    )


class HttpOptions(BaseModel):
    """What each instance is asked, at its own address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int = Field(
        strict=True,
        ge=1,
        le=65535,
        description="where each instance listens; of a container its own port, not one of the host's",
    )
    path: Path = Field(default="/", description="what is asked for, with GET")
    expect: Annotated[str, BeforeValidator(_expected)] = Field(
        default="200-399",
        description="the statuses that are well: 200, 200-399 or 200,204; redirects are not followed",
        json_schema_extra={"type": ["string", "integer"]},
    )
    metric: Metric = Field(
        default=Metric.STATUS, description="status: known by itself to be well or not; latency_ms: rules say `above`"
    )
    timeout: Annotated[OptionDuration, AfterValidator(_timeout)] = Field(
        default=2.0, description="for how long an answer is waited for; at most 10s"
    )
    host: Text | None = Field(default=None, description="the Host header, by default the address")
    tls: HttpTlsOptions | None = Field(default=None, description="for https; `{}` is enough beside a `host`")

    @model_validator(mode="after")
    def _can_be_verified(self) -> Self:

        if self.tls is not None and self.tls.verify and not (self.tls.server_name or self.host):
            raise ValueError("a certificate names no address: say 'host', 'server_name', or 'verify: false'")
        return self

    def is_well(self, status: int) -> bool:
        """Whether it is one of the expected statuses."""
        return any(status in statuses for statuses in _ranges(self.expect))

    @property
    def tls_check(self) -> TlsCheck | None:
        """What the client is told about TLS."""
        return TlsCheck(self.tls.verify, self.tls.ca_file, self.tls.server_name) if self.tls else None


def measures(options: Any) -> bool:
    """Whether a rule with these options reads a number, of which only the operator can say what is too much."""
    return isinstance(options, HttpOptions) and options.metric is Metric.LATENCY
