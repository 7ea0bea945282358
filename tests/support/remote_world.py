"""A client of the embedded world's `/_world` pages: look into it, let things happen, strike requests with faults."""

from datetime import datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientSession, ClientTimeout

REQUEST_SECONDS = 40.0


class RemoteWorld:
    """An async context manager around `RunningWorld.control`. Refusals raise ValueError in the world's words."""

    def __init__(self, control: str) -> None:
        self._control = control
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        self._session = ClientSession(timeout=ClientTimeout(total=REQUEST_SECONDS))
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Close it."""
        if self._session is not None:
            await self._session.close()

    async def state(self) -> dict[str, Any]:
        """The groups by name: desired, members by state, who serves, and each instance's details."""
        groups: dict[str, Any] = (await self._ask("GET", "state"))["groups"]
        return groups

    async def now(self) -> datetime:
        """The world's time."""
        return datetime.fromisoformat((await self._ask("GET", "state"))["now"])

    async def happen(self, kind: str, **fields: object) -> None:
        """Let an event happen.

        status(instance, status), target(instance, state), scale(group, desired), die(instance),
        capacity(group, available), refresh(group, status), time(frozen, advance_seconds),
        metric(name, instance, value, per_minute, silent ...), telemetry(source, state).
        """
        await self._ask("POST", "events", {"kind": kind, **fields})

    async def attach(self, keys: str, *documents: object) -> None:
        """From now on whoever signs with such a key (a pattern) has these policies, and no others."""
        await self._ask("POST", "policies", {"keys": keys, "documents": documents})

    async def add_rule(self, **rule: object) -> int:
        """Put a fault into force; its id. The keys are those of the emulator's FaultRule."""
        return int((await self._ask("POST", "rules", rule))["id"])

    async def rules(self) -> list[dict[str, Any]]:
        """The faults in force, with how often each matched (`seen`) and struck."""
        found: list[dict[str, Any]] = await self._ask("GET", "rules")
        return found

    async def clear_rules(self) -> None:
        """Lift all faults; what is held stays held."""
        await self._ask("DELETE", "rules")

    async def waiting(self, timeout_seconds: float = 0.0) -> list[dict[str, Any]]:
        """The held requests, with `id`, `rule`, `moment`, `action` ...; waits `timeout_seconds` for the first."""
        found: list[dict[str, Any]] = await self._ask("GET", f"waiting?timeout_seconds={timeout_seconds}")
        return found

    async def release(self, held: int | None = None, outcome: str = "proceed") -> int:
        """Let a held request (or all) go on: `proceed`, or `drop` its connection. How many there were."""
        return int((await self._ask("POST", "release", {"held": held, "outcome": outcome}))["released"])

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        if self._session is None:
            raise RuntimeError("use RemoteWorld as an async context manager")
        async with self._session.request(method, f"{self._control}/{path}", json=body) as response:
            result = await response.json()
            if response.status != 200:
                raise ValueError(result["error"])
            return result
