"""From what the configuration says of the journal to the opened one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic_core import PydanticCustomError

from controller.app.narrate import NarratedJournal
from controller.clients.secret_store import Secrets
from controller.domain.errors import ConfigError, PlatformError
from controller.domain.ports import Projector, Resources
from controller.journal.opening import open_journal
from controller.settings import SecretRef, StateAddress, read_state


@asynccontextmanager
async def opened_journal(
    state: StateAddress | SecretRef,
    clients: Resources,
    projector: Projector | None = None,
    *,
    read_only: bool = False,
) -> AsyncIterator[NarratedJournal]:
    """The journal that `state` speaks of, until the context ends.

    projector: makes the spans for the outbox; None where nobody would send them. read_only: changes nothing, and takes
    an absent one as empty. Raises ConfigError when there is no such address, JournalUnavailable when it cannot be used.
    """
    address = await resolved(state, clients)
    async with open_journal(address.url, projector, clients, read_only=read_only) as journal:
        yield NarratedJournal(journal)


async def resolved(state: StateAddress | SecretRef, clients: Resources) -> StateAddress:
    """The address itself, read where it is kept. Raises ConfigError, which does not repeat what was found there."""
    if isinstance(state, StateAddress):
        return state
    try:
        secret = await Secrets(clients).resolve(state)
        found = read_state(secret.reveal())
    except PlatformError as error:
        raise ConfigError(f"state: {error}.") from None
    except PydanticCustomError as error:
        raise ConfigError(f"state: what {state} holds {error.message()}.") from None
    if found.kind == "sqlite":
        raise ConfigError(f"state: {state} holds the name of a file; that is no secret, write it as it is.")
    return found
