"""What every telemetry source that speaks HTTP may be told in the configuration, and what a client makes of it."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from controller.clients.option_types import SecretRef

HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
"""RFC 9110, 5.6.2: a token."""

Text = Annotated[str, Field(strict=True, min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]+$")]

QueryText = Annotated[str, Field(strict=True, min_length=1, max_length=20_000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")]
"""A query, over several lines if need be."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request proves itself with. kind: `bearer`, `basic`, or `header` (the secret alone, under `name`).

    name: the user of `basic`, the header of `header`.
    """

    kind: str
    secret: SecretRef
    name: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a source is and how it is spoken to; equal ones share connections and limits.

    name: for messages, such as `prometheus`. url: without a slash at its end. most_at_once: requests in the air.
    """

    name: str
    url: str
    credential: Credential | None = None
    headers: tuple[tuple[str, str], ...] = ()
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    most_at_once: int = 4


class HttpSourceOptions(BaseModel):
    """What every source takes, beside its own address and credentials."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    identity: Text | None = None
    """The label or facet by which its rows name instances; by default the first of the usual ones."""
    ca_file: Text | None = None
    """A file of certificate authorities that vouch for it, in place of the system's."""
    client_cert: Text | None = None
    """A file with the certificate that we show it, its chain after it."""
    client_key: Text | None = None
    """The file with that certificate's key, where it is not in the same file."""

    @model_validator(mode="after")
    def _key_has_a_certificate(self) -> Self:
        if self.client_key is not None and self.client_cert is None:
            raise ValueError("'client_key' belongs to a 'client_cert', which is missing")
        return self

    def endpoint(self, name: str, url: str, **more: Any) -> Endpoint:
        """The place that these options speak of. more: credential, headers, most_at_once."""
        return Endpoint(
            name, url, ca_file=self.ca_file, client_cert=self.client_cert, client_key=self.client_key, **more
        )
