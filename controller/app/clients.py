"""The shared clients of one application: made at first use, one of each kind, closed together."""

from typing import Any, TypeVar, cast

from controller.domain.ports import Clock

T = TypeVar("T")


class SharedClients:
    """Implements the Resources port: `get(kind)` makes `kind(clock)` once; `aclose` closes them, the newest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: dict[type[Any], Any] = {}

    def get(self, kind: type[T]) -> T:
        """The one client of this kind."""
        if kind not in self._made:
            self._made[kind] = cast(Any, kind)(self._clock)
        return cast(T, self._made[kind])

    async def aclose(self) -> None:
        """Close every client that was made. A client that will not close does not keep the others open."""
        problems = []
        while self._made:
            _, client = self._made.popitem()
            try:
                await client.aclose()
            except Exception as error:  # noqa: BLE001 - whatever it is, the others have to be closed first
                problems.append(error)
        if problems:
            raise ExceptionGroup("clients that did not close", problems)
