"""From the references of the configuration to tokens that can be recognised; no secret stays behind.

And to the load balancer whose word is taken beside them."""

from collections.abc import Iterable

from controller.clients.http import Http
from controller.clients.secret_store import Secrets
from controller.clients.signing_keys import SigningKeys
from controller.domain.errors import ConfigError, PlatformError
from controller.domain.ports import Clock, Resources
from controller.settings import AccessToken, SignedIn
from controller.web.access import May, Token
from controller.web.sign_in import SignIn


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


def load_balancer(wanted: SignedIn | None, clients: Resources, clock: Clock) -> SignIn | None:
    """The load balancer that vouches for people, with its keys; None where none does."""
    if wanted is None:
        return None
    return SignIn(
        wanted.load_balancer,
        wanted.issuer,
        wanted.client_id,
        wanted.claim,
        May(wanted.may),
        wanted.keys_url,
        SigningKeys(wanted.keys_url, clients.get(Http), clock),
    )
