"""Clients are shared, made late and all closed."""

import pytest

from controller.app.clients import SharedClients
from controller.clock import SystemClock
from controller.domain.ports import Clock

CLOSED: list[str] = []


class First:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    async def aclose(self) -> None:
        CLOSED.append(type(self).__name__)


class Second(First):
    pass


class Stubborn(First):
    async def aclose(self) -> None:
        raise OSError("will not close")


@pytest.fixture(autouse=True)
def _nothing_closed() -> None:
    CLOSED.clear()


async def test_there_is_one_of_each_kind_with_the_clock() -> None:
    clock = SystemClock()
    clients = SharedClients(clock)
    assert clients.get(First) is clients.get(First)
    assert clients.get(First) is not clients.get(Second)
    assert clients.get(Second).clock is clock


async def test_they_are_closed_newest_first_and_only_once() -> None:
    clients = SharedClients(SystemClock())
    clients.get(First)
    clients.get(Second)
    await clients.aclose()
    await clients.aclose()
    assert CLOSED == ["Second", "First"]


async def test_one_that_does_not_close_leaves_none_open() -> None:
    clients = SharedClients(SystemClock())
    for kind in (First, Stubborn, Second):
        clients.get(kind)
    with pytest.raises(ExceptionGroup, match="did not close"):
        await clients.aclose()
    assert CLOSED == ["Second", "First"]
