"""Who asks: bearer tokens, compared in constant time, and what their bearers may."""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

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


class Access:
    """The tokens in force. Without any, reading is open to whoever reaches the address (a loopback one; the
    configuration sees to that), and nothing can be changed.

    Guesses are answered 429 after 20 failures of one peer within a minute. A good token always passes: nobody can lock
    an operator out by guessing, and 16 characters are not guessed.
    """

    def __init__(self, clock: Clock, tokens: Iterable[Token] = ()) -> None:
        self._clock = clock
        self._tokens = tuple(tokens)
        self._failures: OrderedDict[str, list[datetime]] = OrderedDict()
        self._log = structlog.get_logger("repave.web")

    def replace(self, tokens: Iterable[Token]) -> bool:
        """From now on, these count and no others; whether that is a change."""
        before, self._tokens = self._tokens, tuple(tokens)
        return before != self._tokens

    @property
    def open(self) -> bool:
        """Whether reading needs no token."""
        return not self._tokens

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
        return Problem(401, f"this needs a token that may {what}: `Authorization: Bearer TOKEN`", CHALLENGE)

    def _failed(self, peer: str) -> Problem:
        now = self._clock.now()
        recent = [at for at in self._failures.pop(peer, []) if at > now - WINDOW]
        if len(recent) < MOST_FAILURES:
            recent.append(now)
            self._log.warning("a request with an unknown token was refused", peer=peer)
        self._failures[peer] = recent
        while len(self._failures) > MOST_PEERS:
            self._failures.popitem(last=False)
        if len(recent) >= MOST_FAILURES:
            return Problem(429, "too many unknown tokens from this address", {"Retry-After": "60"})
        return Problem(401, "this token is not known here", CHALLENGE)
