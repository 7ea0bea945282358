"""Where a journal's table is."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from controller.domain.errors import ConfigError

NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html, TableName."""

HOW = "write dynamodb://TABLE, or dynamodb://TABLE?region=REGION"


@dataclass(frozen=True, slots=True)
class Address:
    """A table by its name. region: None leaves it to AWS_REGION or the SDK."""

    table: str
    region: str | None = None

    @classmethod
    def of(cls, url: str) -> "Address":
        """The table of `dynamodb://TABLE[?region=REGION]`. Raises ConfigError for anything else."""
        parts = urlsplit(url)
        asked = dict(parse_qsl(parts.query, keep_blank_values=True))
        region = asked.pop("region", None)
        if parts.scheme != "dynamodb" or parts.path.strip("/") or parts.fragment or asked or region == "":
            raise ConfigError(f"state: this is not the address of a table; {HOW}")
        if not NAME.fullmatch(parts.netloc):
            raise ConfigError(
                f"state: a table's name has 3 to 255 letters, digits, dots, dashes and underscores; {HOW}"
            )
        return cls(parts.netloc, region)

    def __str__(self) -> str:
        """The same again, for people."""
        return f"dynamodb://{self.table}" + (f"?region={self.region}" if self.region else "")
