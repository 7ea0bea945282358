"""A stand-in for the journal's gate."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class Gate:
    """Lets every call through, or none, and remembers what was announced."""

    def __init__(self, refuses: Exception | None = None) -> None:
        self.refuses = refuses
        self.announced: list[tuple[str, Mapping[str, Any]]] = []

    async def __call__(self, call: str, arguments: Mapping[str, Any], perform: Callable[[], Awaitable[T]]) -> T:
        self.announced.append((call, arguments))
        if self.refuses:
            raise self.refuses
        return await perform()
