"""Where the journal lives: an address, or a reference to a secret that holds one."""

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import PlainValidator, TypeAdapter, WithJsonSchema

from controller.settings.problems import did_you_mean
from controller.settings.secret import SecretRef, read_reference
from controller.settings.values import expected

_SQLITE, _POSTGRESQL, _DYNAMODB = "sqlite:///", "postgresql://", "dynamodb://"
_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_REGION = re.compile(r"[a-z]{2}(-[a-z0-9]+)+")
_EXAMPLES = [
    "sqlite:///repave.db",
    "postgresql://repave@db.example.org/repave?sslmode=verify-full",
    "dynamodb://repave",
]

CONNECTION_OPTIONS = frozenset(
    """application_name channel_binding connect_timeout dbname gssencmode host hostaddr keepalives keepalives_count
    keepalives_idle keepalives_interval krbsrvname load_balance_hosts options passfile port require_auth service
    sslcert sslcrl sslcrldir sslkey sslmode sslnegotiation ssl_max_protocol_version ssl_min_protocol_version
    sslrootcert sslsni target_session_attrs tcp_user_timeout user""".split()
)
"""What may follow the `?` for PostgreSQL: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
A password stands before the host or, better, nowhere in the file."""


@dataclass(frozen=True, slots=True, repr=False)
class StateAddress:
    """The address of a journal, valid in its form. Nothing that prints or formats it shows a password; `url` is for
    opening it."""

    url: str

    @property
    def kind(self) -> str:
        """Sqlite | postgresql | dynamodb."""
        return self.url.partition("://")[0]

    @property
    def has_password(self) -> bool:
        """Whether a password stands in it."""
        return self.kind == "postgresql" and bool(urlsplit(self.url).password)

    def __str__(self) -> str:
        if self.kind != "postgresql":
            return self.url
        parts = urlsplit(self.url)
        return f"{_POSTGRESQL}{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __repr__(self) -> str:
        return f"StateAddress({self})"


def read_state(value: object) -> StateAddress:
    """The address that `value` spells. Raises an `expected` error, which does not repeat it."""
    match value if isinstance(value, str) else "":
        case text if text.startswith(_SQLITE):
            return _file(text)
        case text if text.startswith((_POSTGRESQL, "postgres://")):
            return _database(text)
        case text if text.startswith(_DYNAMODB):
            return _table(text)
    raise expected("must be sqlite:///PATH, postgresql://USER@HOST/DATABASE or dynamodb://TABLE")


def _file(text: str) -> StateAddress:
    path = text.removeprefix(_SQLITE)
    if not path or path == ":memory:":
        raise expected("must name a file, as in sqlite:///repave.db: a journal in memory forgets what is under way")
    if "?" in path:
        raise expected("takes nothing after a '?' for a file: write sqlite:///repave.db")
    return StateAddress(text)


def _database(text: str) -> StateAddress:
    parts = _split(text)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "password" in options:
        raise expected("takes a password as postgresql://USER:PASSWORD@HOST/..., or from PGPASSWORD or PGPASSFILE")
    for name in options:
        if name not in CONNECTION_OPTIONS:
            near = did_you_mean(name, CONNECTION_OPTIONS).lower().removesuffix("?")
            raise expected(f"has an option after the '?' that PostgreSQL does not know{near and ';' + near}")
    if not (parts.hostname or options.get("host")) or not parts.path.strip("/") or "/" in parts.path[1:]:
        raise expected("must name a host and one database, as in postgresql://USER@HOST:5432/DATABASE")
    return StateAddress(_POSTGRESQL + text.partition("://")[2])


def _table(text: str) -> StateAddress:
    parts = _split(text)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not _TABLE.fullmatch(parts.netloc) or parts.path.strip("/"):
        raise expected("must name a table of 3 to 255 letters, digits, '_', '-' and '.', as in dynamodb://repave")
    if options.keys() - {"region"} or not _REGION.fullmatch(options.get("region", "eu-west-1")):
        raise expected("takes only a region after the table, as in dynamodb://repave?region=eu-west-1")
    return StateAddress(text)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise expected(
            "has a host or port that cannot be read; write '/', '@' and ':' in a password as %2F, %40, %3A"
        ) from None
    if parts.fragment or any(letter.isspace() or not letter.isprintable() for letter in text):
        raise expected("must be an address without spaces and '#'; in a password, write '#' as %23")
    return parts


def _read(value: object) -> StateAddress | SecretRef:
    if isinstance(value, StateAddress | SecretRef):
        return value
    return read_reference(value) if isinstance(value, dict) else read_state(value)


_ADDRESS_SCHEMA = {"type": "string", "pattern": f"^({_SQLITE}|{_POSTGRESQL}|{_DYNAMODB}).+$", "examples": _EXAMPLES}

StateSetting = Annotated[
    StateAddress | SecretRef,
    PlainValidator(_read),
    WithJsonSchema({"anyOf": [_ADDRESS_SCHEMA, TypeAdapter(SecretRef).json_schema()]}),
]
