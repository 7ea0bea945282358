"""One step may make several calls; what people say on the engine itself stops it before the next of them, too."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from controller.domain.errors import Held
from controller.domain.ports import Work
from controller.domain.replacement import Replacement

T = TypeVar("T")


def watched(work: Work, held: Callable[[Replacement], Awaitable[str | None]]) -> Work:
    """The same work, with a gate that asks `held` again before each call but the first: for that it was asked just now,
    when the step was. Raises Held then. What a person aborted goes back all the same."""
    ours, passed = work.replacement, 0

    async def mutate(call: str, arguments: Mapping[str, Any], perform: Callable[[], Awaitable[T]]) -> T:
        nonlocal passed
        passed += 1
        why = await held(ours) if passed > 1 and ours.error_type != "aborted" else None
        if why is not None:
            raise Held(why)
        return await work.mutate(call, arguments, perform)

    return replace(work, mutate=mutate)
