"""Who asks: bearer tokens, compared in constant time, or a load balancer's word; and what they may."""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import structlog

from controller.domain.ports import Clock
from controller.web.problem import Problem

LEAST_LETTERS = 16
MOST_LETTERS = 512
"""Of a token."""

MOST_FAILURES = 20
WINDOW = timedelta(minutes=1)
MOST_PEERS = 1000
"""Peers whose failures are remembered; the one that failed longest ago is forgotten first."""

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="repave"'}


class May(StrEnum):
    """What a token allows; `operate` includes `read`."""

    READ = "read"
    OPERATE = "operate"


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class Token:
    """A token without the secret: whose it is, what it allows, and the SHA-256 by which it is recognised."""

    name: str
    may: May
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, may: May, secret: str) -> "Token":
        """The token of this secret.

        Raises ValueError, without the secret in it, when it is too short to be safe or is no single printable word.
        """
        if not LEAST_LETTERS <= len(secret) <= MOST_LETTERS:
            raise ValueError(f"is not {LEAST_LETTERS} to {MOST_LETTERS} characters long")
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            raise ValueError("has characters that no token has: blanks, line breaks or letters beyond ASCII")
        return cls(name, may, _digest(secret))


class Vouching(Protocol):
    """A load balancer whose word for who signed in is taken. Equal ones are interchangeable."""

    @property
    def may(self) -> May:
        """What everybody may who signed in."""

    async def person(self, word: str, now: datetime) -> str:
        """Their name. Raises Problem."""


class Access:
    """The tokens in force, and the load balancer, if one vouches for people. Without either, reading is open to whoever
    reaches the address (a loopback one; the configuration sees to that), and nothing can be changed.

    Guesses are answered 429 after 20 failures of one peer within a minute. A good token always passes: nobody can lock
    an operator out by guessing, and 16 characters are not guessed.
    """

    def __init__(self, clock: Clock, tokens: Iterable[Token] = (), load_balancer: Vouching | None = None) -> None:
        self._clock = clock
        self._tokens = tuple(tokens)
        self._load_balancer = load_balancer
        self._failures: OrderedDict[str, list[datetime]] = OrderedDict()
        self._log = structlog.get_logger("repave.web")

    def replace(self, tokens: Iterable[Token], load_balancer: Vouching | None = None) -> bool:
        """From now on, these count and no others; whether that is a change."""
        before = self._tokens, self._load_balancer
        self._tokens = tuple(tokens)
        if load_balancer != self._load_balancer:  # an equal one keeps the keys that it has
            self._load_balancer = load_balancer
        return before != (self._tokens, self._load_balancer)

    @property
    def open(self) -> bool:
        """Whether reading is for everybody."""
        return not self._tokens and self._load_balancer is None

    @property
    def vouched(self) -> bool:
        """Whether a load balancer's word is taken."""
        return self._load_balancer is not None

    async def signed_in(self, word: str, peer: str, wanted: May) -> str:
        """Who signed in at the load balancer. word: its header. Raises Problem (401, 403, 503)."""
        if self._load_balancer is None:
            raise self._nobody(wanted)
        try:
            name = await self._load_balancer.person(word, self._clock.now())
        except Problem as problem:
            if problem.status == 401 and self._failures_of(f"signed in {peer}") < MOST_FAILURES:
                self._log.warning("a load balancer's word was refused", peer=peer, reason=problem.detail)
            raise
        if wanted is May.OPERATE and self._load_balancer.may is not May.OPERATE:
            raise Problem(403, f"{name}, signed in at the load balancer, may only read; use a token that may operate")
        return name

    def bearer(self, header: str | None, peer: str, wanted: May) -> str | None:
        """Whose request this is; None where nobody has to say.

        header: Authorization, if it was sent. Raises Problem (401, 403, 429).
        """
        if header is None:
            if self.open and wanted is May.READ:
                return None
            raise self._nobody(wanted)
        token = self._known(header)
        if token is None:
            raise self._failed(peer)
        if wanted is May.OPERATE and token.may is not May.OPERATE:
            raise Problem(403, f"the token of {token.name} may only read; this needs one that may operate")
        return token.name

    def _known(self, header: str) -> Token | None:
        scheme, _, secret = header.partition(" ")
        presented = _digest(secret.strip()) if secret.isascii() else b""
        found = None
        for token in self._tokens:  # all of them, always: how long it takes says nothing
            if hmac.compare_digest(token.digest, presented):
                found = token
        return found if scheme.lower() == "bearer" else None

    def _nobody(self, wanted: May) -> Problem:
        if self.open:
            return Problem(401, "changing something needs a token, and the configuration has no api.tokens", CHALLENGE)
        what = "operate" if wanted is May.OPERATE else "read"
        other = ", or to have signed in at the load balancer" if self.vouched else ""
        return Problem(401, f"this needs a token that may {what}: `Authorization: Bearer TOKEN`{other}", CHALLENGE)

    def _failed(self, peer: str) -> Problem:
        before = self._failures_of(peer)
        if before < MOST_FAILURES:
            self._log.warning("a request with an unknown token was refused", peer=peer)
        if before >= MOST_FAILURES - 1:
            return Problem(429, "too many unknown tokens from this address", {"Retry-After": "60"})
        return Problem(401, "this token is not known here", CHALLENGE)

    def _failures_of(self, peer: str) -> int:
        """How many it had within the last minute; this one is counted from now on, up to so many."""
        now = self._clock.now()
        recent = [at for at in self._failures.pop(peer, []) if at > now - WINDOW]
        self._failures[peer] = [*recent, now][:MOST_FAILURES]
        while len(self._failures) > MOST_PEERS:
            self._failures.popitem(last=False)
        return len(recent)
