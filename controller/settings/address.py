"""Where the daemon listens."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from controller.settings.values import expected

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9.-]+)):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Listen:
    """A TCP address. port: 0 lets the system choose a free one."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _read_listen(value: object) -> Listen:
    if isinstance(value, Listen):
        return value
    parts = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if not parts or int(parts["port"]) > 65_535:
        raise expected("must be HOST:PORT such as 127.0.0.1:8080")
    host = parts["six"] or parts["host"]
    return Listen(host, int(parts["port"]))


ListenAddress = Annotated[
    Listen,
    PlainValidator(_read_listen),
    WithJsonSchema({"type": "string", "examples": ["127.0.0.1:8080"]}),
]
