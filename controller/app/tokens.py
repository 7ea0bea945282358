"""From the references of the configuration to tokens that can be recognised; no secret stays behind."""

import os
from collections.abc import Iterable
from pathlib import Path

from controller.domain.errors import ConfigError
from controller.settings import AccessToken, SecretRef
from controller.web.access import May, Token

MOST_BYTES = 4096


def resolve_tokens(wanted: Iterable[AccessToken]) -> tuple[Token, ...]:
    """Every token, read where it is kept.

    Raises ConfigError with one line per token that cannot be used; none shows a secret.
    """
    tokens: list[Token] = []
    problems: list[str] = []
    for item in wanted:
        try:
            token = Token.of(item.name, May(item.may), _secret(item.token))
        except ValueError as error:
            problems.append(f"the API token of {item.name} ({item.token.kind}: {item.token.name}) {error}")
            continue
        if any(token.digest == other.digest for other in tokens):
            problems.append(f"the API token of {item.name} is the same as another's: each person has their own")
        tokens.append(token)
    if problems:
        raise ConfigError("\n".join(f"{problem}." for problem in problems))
    return tuple(tokens)


def _secret(reference: SecretRef) -> str:
    """Raises ValueError that ends a sentence."""
    match reference.kind:
        case "env":
            if reference.name not in os.environ:
                raise ValueError("is not set in the environment")
            return os.environ[reference.name]
        case "file":
            return _from_file(Path(reference.name))
        case _:
            raise ValueError("cannot be read from there in this version")


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError("is not text") from None
