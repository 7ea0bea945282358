"""What AWS and its SDK say when something is wrong, translated once into the domain's small tree of errors.

Codes are those of the services' own documentation (common errors, and each operation's errors); a code is compared
without its `Exception` or `Fault` ending, because services spell the same error both ways.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    LoginError,
    MetadataRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from controller.clients.redaction import clean
from controller.domain.errors import Denied, Gone, NoCapacity, Permanent, PlatformError, Throttled, Transient

CODES: dict[type[PlatformError], frozenset[str]] = {
    Throttled: frozenset(
        "Throttling Throttled RequestThrottled RequestLimitExceeded TooManyRequests SlowDown EC2Throttled".split()
    ),
    # Another activity is in the way: nothing happened, and it may be over in a moment.
    Transient: frozenset("ScalingActivityInProgress ResourceContention".split()),
    Gone: frozenset("NotFound TargetGroupNotFound LoadBalancerNotFound InvalidAMIID.Unavailable".split()),
    Denied: frozenset(
        "AccessDenied UnauthorizedOperation AuthFailure ExpiredToken RequestExpired InvalidClientTokenId "
        "UnrecognizedClient SignatureDoesNotMatch InvalidSignature IncompleteSignature MissingAuthenticationToken "
        "InvalidAccessKeyId OptInRequired PendingVerification Blocked".split()
    ),
    NoCapacity: frozenset(
        "InsufficientInstanceCapacity InsufficientCapacity InsufficientHostCapacity InstanceLimitExceeded "
        "InsufficientReservedInstanceCapacity VcpuLimitExceeded MaxSpotInstanceCountExceeded SpotMaxPriceTooLow "
        "InsufficientFreeAddressesInSubnet".split()
    ),
}

# Said instead of AWS's own words: these tell what to do, and AWS's text about a signature quotes the request's headers,
# the session token among them.
ADVICE = {
    "ExpiredToken": "the credentials have expired; renew them, or let a role provide them",
    "RequestExpired": "the request had expired on arrival; set this machine's clock, or renew the credentials",
    "InvalidClientTokenId": "AWS does not know these credentials; check AWS_ACCESS_KEY_ID, or let a role provide them",
    "UnrecognizedClient": "AWS does not know these credentials; check AWS_ACCESS_KEY_ID, or let a role provide them",
    "InvalidAccessKeyId": "AWS does not know these credentials; check AWS_ACCESS_KEY_ID, or let a role provide them",
    "AuthFailure": "AWS does not accept these credentials; check them, and that the region is enabled",
    "SignatureDoesNotMatch": "the signature is wrong; check AWS_SECRET_ACCESS_KEY and this machine's clock",
    "InvalidSignature": "the signature is wrong; check AWS_SECRET_ACCESS_KEY and this machine's clock",
    "IncompleteSignature": "the signature is wrong; check AWS_SECRET_ACCESS_KEY and this machine's clock",
    "MissingAuthenticationToken": "the request carried no credentials; set them, or let a role provide them",
    "OptInRequired": "this account has not opted in to the service or region",
}


@dataclass(frozen=True, slots=True)
class Broken:
    """What it means that AWS gave no usable answer. sent: whether the request may have reached AWS. text: `{host}`,
    `{error}` and `{type}` are filled in."""

    kind: type[PlatformError]
    code: str
    sent: bool
    text: str


class UnreadableAnswer(Exception):
    """The endpoint answered with something that is no answer of this operation."""


class AnswerTooLarge(Exception):
    """The endpoint's answer does not end where every sensible one does."""


NO_CREDENTIALS = "no AWS credentials; give the task or instance a role, or set AWS_ACCESS_KEY_ID"
SIGN_IN = "the sign-in session has ended; sign in again"
NO_REGION = "no AWS region is known; set `region` in the fleet, or AWS_REGION"

# The first row that fits counts: the SDK's later classes are bases of the earlier ones.
BROKEN: tuple[tuple[tuple[type[Exception], ...], Broken], ...] = (
    (
        (NoCredentialsError, PartialCredentialsError, ProfileNotFound),
        Broken(Denied, "no_credentials", False, NO_CREDENTIALS),
    ),
    ((SSOError, LoginError, TokenRetrievalError), Broken(Denied, "no_credentials", False, SIGN_IN)),
    (
        (CredentialRetrievalError, MetadataRetrievalError),
        Broken(Transient, "credentials", False, "the role's credentials could not be fetched just now"),
    ),
    ((NoRegionError,), Broken(Permanent, "no_region", False, NO_REGION)),
    (
        (ConnectTimeoutError, ProxyConnectionError, SSLError, EndpointConnectionError),
        Broken(Transient, "connection", False, "no connection to {host}"),
    ),
    ((TimeoutError, ReadTimeoutError), Broken(Transient, "timeout", True, "no answer in time")),
    ((AnswerTooLarge,), Broken(Permanent, "too_large", True, "{error}")),
    (
        (ResponseParserError, UnreadableAnswer),
        Broken(Transient, "unreadable", True, "the endpoint's answer is no AWS answer"),
    ),
    (
        (HTTPClientError, aiohttp.ClientError, OSError),
        Broken(Transient, "connection", True, "the connection broke before the answer was complete"),
    ),
    ((BotoCoreError,), Broken(Permanent, "invalid", False, "{error}")),
)

SENSELESS = Broken(Transient, "unreadable", True, "the endpoint's answer makes no sense ({type})")
"""The SDK's parsers trip over a well-formed but senseless answer with whatever Python raises."""

_NOT_FOUND = re.compile(r"\bnot found\b|\bdoes not exist\b|\bdo not exist\b|\bno managed instance\b", re.IGNORECASE)


def translate(error: Exception, call: str, *, mutation: bool) -> PlatformError:
    """Our error for whatever the SDK raised.

    call: such as `autoscaling.SetDesiredCapacity`. mutation: whether it would have changed something; only then can
    the result say `perhaps`, and it does unless it is certain that nothing happened.
    """
    if isinstance(error, ClientError):
        return _refused(error, call, mutation)
    row = _broken(error)
    words = row.text.format(host=_host(error), error=clean(str(error)), type=type(error).__name__)
    return row.kind(f"{call}: {words}", call=call, code=row.code, perhaps=mutation and row.sent)


def _refused(error: ClientError, call: str, mutation: bool) -> PlatformError:
    """AWS answered with an error."""
    details = error.response.get("Error", {})
    code = str(details.get("Code") or "")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    text = str(details.get("Message") or "no further words")
    word = code.removesuffix("Exception").removesuffix("Fault")
    kind = _kind(word, status, text)
    perhaps = mutation and kind is Transient and word not in CODES[Transient]
    words = ADVICE.get(word) or clean(text)
    return kind(f"{call}: {words} ({code or f'HTTP {status}'})", call=call, code=code or str(status), perhaps=perhaps)


def _kind(word: str, status: int, text: str) -> type[PlatformError]:
    """What a refusal means, by its code first and by its HTTP status where the code is unknown."""
    for kind, words in CODES.items():
        if word in words or word.rpartition(".")[2] in words:
            return kind
    if word in {"ValidationError", "InvalidTarget"} and _NOT_FOUND.search(text):
        return Gone
    match status:
        case 401 | 403:
            return Denied
        case 404:
            return Gone
        case 429:
            return Throttled
        case _:
            is_ours = 300 <= status < 500 and status != 408 and word not in {"RequestTimeout", "InternalFailure"}
            return Permanent if is_ours else Transient


def kind_of(code: str, text: str) -> type[PlatformError]:
    """What a code means that AWS gives within an answer, of a deed that it did not do."""
    kind = _kind(code.removesuffix("Exception").removesuffix("Fault"), 400, text)
    return kind if kind is not Gone else Permanent


def _broken(error: Exception) -> Broken:
    """AWS did not answer, or not in a way that can be used."""
    row = next((row for kinds, row in BROKEN if isinstance(error, kinds)), SENSELESS)
    if isinstance(error, EndpointConnectionError) and not isinstance(
        error.kwargs.get("error"), aiohttp.ClientConnectorError
    ):
        return replace(row, sent=True)  # the SDK calls a connection that was reset by the same name
    if isinstance(error, RuntimeError) and "credentials" in str(error).lower():
        return Broken(Denied, "no_credentials", False, "the credentials were renewed and are expired all the same")
    return row


def _host(error: Exception) -> str:
    """Scheme, host and port of the endpoint that an error speaks of: a URL may carry a password, this does not."""
    about = getattr(error, "kwargs", {})
    try:
        parts = urlsplit(str(about.get("endpoint_url") or about.get("proxy_url") or ""))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the endpoint"
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else "the endpoint"
