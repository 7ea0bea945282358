"""From the references of the configuration to tokens that can be recognised; no secret stays behind."""

from collections.abc import Iterable

from controller.clients.secret_store import Secrets
from controller.domain.errors import ConfigError, PlatformError
from controller.domain.ports import Resources
from controller.settings import AccessToken
from controller.web.access import May, Token


async def resolve_tokens(wanted: Iterable[AccessToken], clients: Resources) -> tuple[Token, ...]:
    """Every token, read anew where it is kept.

    Raises ConfigError with one line per token that cannot be used; none shows a secret.
    """
    tokens: list[Token] = []
    problems: list[str] = []
    store = Secrets(clients)
    for item in wanted:
        store.forget(item.token)
        try:
            secret = await store.resolve(item.token)
            token = Token.of(item.name, May(item.may), secret.reveal())
        except PlatformError as error:
            problems.append(f"the API token of {item.name}: {error}")
            continue
        except ValueError as error:
            problems.append(f"the API token of {item.name} ({item.token}) {error}")
            continue
        if any(token.digest == other.digest for other in tokens):
            problems.append(f"the API token of {item.name} is the same as another's: each person has their own")
        tokens.append(token)
    if problems:
        raise ConfigError("\n".join(f"{problem}." for problem in problems))
    return tuple(tokens)
