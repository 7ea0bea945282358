"""Something asynchronous that has a loop of its own, in a thread of its own: for tests that ask it from several."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class House:
    """A loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it there, and wait here."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def housed(self, guest: Any) -> Any:
        """The same object, whose coroutines run there, whoever awaits them."""
        return _Housed(guest, self._loop)

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Housed:
    def __init__(self, guest: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.guest = guest
        self._loop = loop

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.guest, name)

        @wraps(method)
        async def there(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(method(*args, **kwargs), self._loop))

        return there
