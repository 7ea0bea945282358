"""The only place that reads the time, waits for it to pass, or makes ids. Everything else is given a `Clock`."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4


class SystemClock:
    """The machine's own clock (`domain.ports.Clock`)."""

    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait; cancellable. Nothing or less only lets other tasks run."""
        await asyncio.sleep(max(0.0, seconds))

    def new_id(self, prefix: str) -> str:
        """The prefix and ten random hexadecimal digits, such as `r-7f3a9c21d0`."""
        return f"{prefix}-{uuid4().hex[:10]}"
