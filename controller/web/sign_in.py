"""Who signed in at an Application Load Balancer: its signed word in `x-amzn-oidc-data`, checked before it is believed.

The word is a JSON web token in padded base64, signed by ES256. Whose word it is stands in its header: `signer` (the
load balancer), `client`, `iss`, `exp` and `kid` (docs.aws.amazon.com/elasticloadbalancing/latest/application/
listener-authenticate-users.html). `x-amzn-oidc-identity` and `-accesstoken` are signed by nobody and not read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from controller.domain.errors import Gone, PlatformError
from controller.web.access import CHALLENGE, May
from controller.web.problem import Problem

HEADER = "x-amzn-oidc-data"
LONGEST_NAME = 100
LEEWAY = timedelta(seconds=30)
"""How far the load balancer's clock and ours may be apart."""

_KEY_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
"""Nothing else ever becomes a part of an address."""


class Keys(Protocol):
    """Where the load balancer's public keys come from."""

    async def key(self, key_id: str) -> EllipticCurvePublicKey:
        """The P-256 key of this id. Raises Gone when there is none, another PlatformError when that cannot be told."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The load balancer whose word is taken. claim: that names a person; None for `email`, else `sub`. may: what
    everybody may who signed in. keys_url: where `keys` has them from."""

    load_balancer: str
    issuer: str
    client_id: str
    claim: str | None
    may: May
    keys_url: str
    keys: Keys = field(compare=False, repr=False)

    async def person(self, word: str, now: datetime) -> str:
        """The name of whoever signed in. Raises Problem: 401 when the word is no good, 503 when that cannot be told."""
        key_id = self._checked(_header(word), now)
        try:
            key = await self.keys.key(key_id)
        except Gone:
            raise _refused("no load balancer has the key that it is signed with") from None
        except PlatformError as error:
            structlog.get_logger("repave.web").warning("a load balancer's key cannot be had", reason=str(error))
            told = "the load balancer's keys cannot be read just now, so nobody can be let in by it; try again"
            raise Problem(503, told, {"Retry-After": "5"}) from None
        claims = _verified(word, key)
        if "exp" in claims and _expired(claims["exp"], now):
            raise _refused("it has expired")
        return self._named(claims)

    def _checked(self, header: Mapping[str, Any], now: datetime) -> str:
        """The key's id. What is said here is proved by the signature later; junk is not worth a question for a key."""
        if header.get("alg") != "ES256":
            raise _refused("it is not signed by ES256")
        for name, wanted, whose in (
            ("signer", self.load_balancer, "another load balancer"),
            ("client", self.client_id, "another client"),
            ("iss", self.issuer, "another issuer"),
        ):
            if header.get(name) != wanted:
                raise _refused(f"it is of {whose} than the configuration names")
        if _expired(header.get("exp"), now):
            raise _refused("it has expired")
        key_id = header.get("kid")
        if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
            raise _refused("the id of its key is not one")
        return key_id.lower()

    def _named(self, claims: Mapping[str, Any]) -> str:
        for claim in (self.claim,) if self.claim else ("email", "sub"):
            name = claims.get(claim)
            if isinstance(name, str) and name.strip() and name.isprintable() and len(name) <= LONGEST_NAME:
                return name.strip()
        raise _refused(f"its claim {self.claim!r} names nobody" if self.claim else "it names nobody")


def refuse_other_sites(headers: Mapping[str, str]) -> None:
    """A browser sends the load balancer's cookie along with whatever any page makes it ask. Raises Problem (403) unless
    it says that the page which asks is of this site; a program that is no browser has a token."""
    site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
    own = site == "same-origin" if site is not None else origin is not None
    if origin is not None:
        own = own and bool(headers.get("Host")) and _host_of(origin) == headers["Host"].lower()
    if not own:
        raise Problem(403, "whoever signed in at the load balancer changes something from this site's own pages only")


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _header(word: str) -> Mapping[str, Any]:
    try:
        return jwt.get_unverified_header(word.encode("ascii"))
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _refused("it cannot be read") from None


def _verified(word: str, key: EllipticCurvePublicKey) -> Mapping[str, Any]:
    """The claims, as the provider gave them. Times are compared by our own clock, and there is no audience."""
    options: Any = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "sub", "jti")}
    try:
        return jwt.decode(word.encode("ascii"), key, algorithms=["ES256"], options=options)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _refused("its signature is wrong") from None


def _expired(at: object, now: datetime) -> bool:
    """at: seconds since 1970, as a number or in digits; what is neither has expired."""
    if isinstance(at, bool) or not re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]+)?", str(at), re.ASCII):
        return True
    return float(str(at)) + LEEWAY.total_seconds() <= now.timestamp()


def _refused(why: str) -> Problem:
    return Problem(401, f"the load balancer's word for who you are is not taken: {why}", CHALLENGE)
