"""Secrets: resolved when they are needed, kept for a minute, and never shown."""

import asyncio
import hmac
import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from controller.clients.aws import Aws, AwsScope
from controller.clients.option_types import SecretRef
from controller.domain.errors import Denied
from controller.domain.ports import Clock, Resources

LASTS = timedelta(minutes=1)
"""How long a resolved secret is used before it is read again; a rotated one is noticed at once where it is refused."""

LARGEST_SECRET_BYTES = 64 * 1024


class Secret:
    """A resolved secret. Nothing that prints, formats or logs it shows it; `reveal` does."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one place that has to send or compare it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret([hidden])"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other.reveal().encode())

    __hash__ = None  # type: ignore[assignment]  # a hash of a short secret tells it

    def __reduce__(self) -> NoReturn:
        """Refuses to be pickled."""
        raise TypeError("a secret is not written down")


class SecretCache:
    """The resolved secrets of a process."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.known: dict[SecretRef, tuple[datetime, Secret]] = {}

    async def aclose(self) -> None:
        """Forget them."""
        self.known.clear()


class Secrets:
    """Resolves references: a variable of the environment, a file, a secret of AWS Secrets Manager.

    A secret of Secrets Manager may be named `NAME#KEY`: then it is that key's value in its JSON.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._cache = resources.get(SecretCache)

    async def resolve(self, reference: SecretRef) -> Secret:
        """The secret. Raises Denied when there is none where it should be, and what AWS raises; the text names the
        reference and never what it holds."""
        now = self._cache.clock.now()
        read_at, secret = self._cache.known.get(reference, (None, None))
        if read_at is None or secret is None or now - read_at >= LASTS:
            secret = Secret(_usable(await self._read(reference), reference))
            self._cache.known[reference] = (now, secret)
        return secret

    def forget(self, reference: SecretRef) -> None:
        """Read it again at its next use: it was refused, and may have been rotated."""
        self._cache.known.pop(reference, None)

    async def _read(self, reference: SecretRef) -> str:
        match reference.kind:
            case "env":
                return os.environ.get(reference.name, "")
            case "file":
                return await asyncio.to_thread(_file, reference)
            case _:
                return await self._from_aws(reference)

    async def _from_aws(self, reference: SecretRef) -> str:
        name, _, key = reference.name.partition("#")
        answer = await self._resources.get(Aws).read(_scope(name), "secretsmanager", "GetSecretValue", SecretId=name)
        text = answer.get("SecretString")
        if not isinstance(text, str):
            raise _denied(reference, "holds bytes, not text")
        return _key_of(text, key, reference) if key else text


def _scope(name: str) -> AwsScope:
    """A secret named by its ARN (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME) is read in its own region."""
    parts = name.split(":")
    return AwsScope(region=parts[3] if len(parts) > 6 and parts[0] == "arn" else None)


def _key_of(text: str, key: str, reference: SecretRef) -> str:
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise _denied(reference, "is no JSON, so it has no keys") from None
    value = content.get(key) if isinstance(content, Mapping) else None
    if not isinstance(value, str):
        raise _denied(reference, "has no such key, or no text under it")
    return value


def _file(reference: SecretRef) -> str:
    try:
        with Path(reference.name).open("rb") as file:
            return file.read(LARGEST_SECRET_BYTES + 1).decode()
    except OSError as error:
        raise _denied(reference, f"cannot be read ({error.strerror or type(error).__name__})") from None
    except ValueError:
        raise _denied(reference, "is no text") from None


def _usable(value: str, reference: SecretRef) -> str:
    value = value.strip()
    if not value:
        raise _denied(reference, "is not there, or empty")
    if len(value) > LARGEST_SECRET_BYTES or not value.isprintable():
        raise _denied(reference, "is too large, or no single line of text")
    return value


def _denied(reference: SecretRef, what: str) -> Denied:
    return Denied(f"the secret {reference} {what}", call="secret", code="no_secret")
