"""What lies where in the table. What is asked together lies under one pk, and sk is the order in which it is asked.

| pk | sk | what |
|---|---|---|
| `ledger` | `ledger` | the one item that every decision compares and counts up |
| `leases` | fleet | who may act on it |
| `presences` | owner | which daemons are there |
| `now` | `open#NUMBER` | what each open replacement lays its hands on |
| `now` | `hold#SCOPE`, `breaker#[FLEET, CAUSE]`, `request#ID` | what is in force, or stands, or ran out of late |
| `story#REPLACEMENT` | `event#ORDINAL`, `abort` | its events, and the word that turned it back |
| `told` | NUMBER | every replacement, by acceptance |
| `accepted` | `AT#REPLACEMENT` | acceptances of the last 32 days, of which an hour counts |
| `past#FLEET` | EVENT | what its replacements came to, by the event that closed them |
| `closed` | `AT#REPLACEMENT` | every replacement that has ended, by when, so that it can be let go of |
| `request#ID` | `request` | a request, whether it stands or has ended |
| `requests` | `AT#ID` | the same, by creation |
| `refused#FLEET` | `AT#ID` | proposals that people turned down, for two days |
| `lifted` | NUMBER | holds that have ended, for 90 days |
| `resumes`, `breakers` | NUMBER | who resumed what, and breakers that were closed: for people, for a year |
| `memory#FLEET` | `memory` | what its last tick left |
| `reports` | FLEET | the report of its last tick |
| `refusals#FLEET` | instance | who is refused now |
| `policies` | hash | a policy's document |
| `outbox` | NUMBER | spans that wait |
| `poisoned` | NUMBER | spans that the backend refuses for good, for 90 days |
| `span#KEY` | `span` | that it was queued, for 40 days |

What is too large for one item goes on under `PK+`, at `SK+01`, `SK+02` and so on.
"""

from datetime import datetime

from controller.domain.request import Request
from controller.journal.dynamodb.items import MOST_PARTS, Key
from controller.journal.logic.documents import encode, moment

NOW = "now"
OPEN, HOLD, BREAKER, REQUEST = "open#", "hold#", "breaker#", "request#"
LEASES, PRESENCES, TOLD, ACCEPTED, CLOSED = "leases", "presences", "told", "accepted", "closed"
REQUESTS, LIFTED, RESUMES, BREAKERS = "requests", "lifted", "resumes", "breakers"
REPORTS, OUTBOX, POISONED = "reports", "outbox", "poisoned"
EVENT = "event#"


def number(value: int) -> str:
    """A number whose text sorts as it does."""
    return f"{value:012d}"


def lease(fleet: str) -> Key:
    """Who may act on a fleet."""
    return Key(LEASES, fleet)


def presence(owner: str) -> Key:
    """That a daemon is there."""
    return Key(PRESENCES, owner)


def opened(replacement: int) -> Key:
    """What an open replacement lays its hands on, by its number."""
    return Key(NOW, OPEN + number(replacement))


def hold(scope: str) -> Key:
    """The hold over a scope that has not been ended."""
    return Key(NOW, HOLD + scope)


def breaker(fleet: str, cause: str) -> Key:
    """The breaker that is open for a cause in a fleet."""
    return Key(NOW, BREAKER + encode([fleet, cause]))


def standing(request_id: str) -> Key:
    """A request that has not ended."""
    return Key(NOW, REQUEST + request_id)


def story(replacement_id: str) -> str:
    """The pk of a replacement's story."""
    return f"story#{replacement_id}"


def event(replacement_id: str, ordinal: int) -> Key:
    """One event."""
    return Key(story(replacement_id), f"{EVENT}{ordinal:06d}")


def abort(replacement_id: str) -> Key:
    """The word that turned a replacement back."""
    return Key(story(replacement_id), "abort")


def told(replacement: int) -> Key:
    """A replacement by its number."""
    return Key(TOLD, number(replacement))


def accepted(at: datetime, replacement_id: str) -> Key:
    """That a replacement was accepted then."""
    return Key(ACCEPTED, f"{moment(at)}#{replacement_id}")


def after(at: datetime) -> str:
    """Comes after all that happened up to then, in an order by time."""
    return f"{moment(at)}$"


def past(fleet: str) -> str:
    """The pk of what a fleet's replacements came to."""
    return f"past#{fleet}"


def ended(fleet: str, closed_event: int) -> Key:
    """What one of them came to."""
    return Key(past(fleet), number(closed_event))


def closed(at: datetime, replacement_id: str) -> Key:
    """That a replacement ended then."""
    return Key(CLOSED, f"{moment(at)}#{replacement_id}")


def request(request_id: str) -> Key:
    """A request by its id."""
    return Key(f"request#{request_id}", "request")


def listed(one: Request) -> Key:
    """A request by its creation."""
    return Key(REQUESTS, f"{moment(one.created_at)}#{one.id}")


def refused(fleet: str) -> str:
    """The pk of what people turned down of a fleet."""
    return f"refused#{fleet}"


def memory(fleet: str) -> Key:
    """What the last tick left."""
    return Key(f"memory#{fleet}", "memory")


def refusals(fleet: str) -> str:
    """The pk of who is refused of a fleet."""
    return f"refusals#{fleet}"


def policy(policy_hash: str) -> Key:
    """A policy's document."""
    return Key("policies", policy_hash)


def span(key: str) -> Key:
    """That a span was queued."""
    return Key(f"span#{key}", "span")


def outbox_id(sequence: int, parts: int) -> int:
    """A span's id. It tells in how many parts the span lies, so that it can be let go of unread."""
    return sequence * MOST_PARTS + parts - 1


def parts_of(span_id: int) -> int:
    """In how many parts a span of this id lies."""
    return span_id % MOST_PARTS + 1


def waiting(span_id: int) -> Key:
    """A span that waits."""
    return Key(OUTBOX, number(span_id))


def turned_down(fleet: str, at: datetime, request_id: str) -> Key:
    """A proposal that a person turned down."""
    return Key(refused(fleet), f"{moment(at)}#{request_id}")


def lifted(hold_number: int) -> Key:
    """A hold that has ended."""
    return Key(LIFTED, number(hold_number))


def resumed(version: int) -> Key:
    """Who resumed what, by the version of the ledger."""
    return Key(RESUMES, number(version))


def closed_breaker(breaker_number: int) -> Key:
    """A breaker that was closed."""
    return Key(BREAKERS, number(breaker_number))


def report(fleet: str) -> Key:
    """The report of the last tick."""
    return Key(REPORTS, fleet)


def refusal(fleet: str, instance_id: str) -> Key:
    """Why one instance is refused now."""
    return Key(refusals(fleet), instance_id)


def poisoned(span_id: int) -> Key:
    """A span that the backend refuses for good."""
    return Key(POISONED, number(span_id))
