"""What breaks beside the looks is told, and begins again."""

import asyncio

from structlog.testing import capture_logs

from controller.app.beside import AGAIN_SECONDS, for_ever
from tests.support.virtual import VirtualClock, run


def test_what_breaks_is_told_and_begins_again() -> None:
    async def main(clock: VirtualClock) -> None:
        began = list[float]()

        async def work() -> None:
            began.append(asyncio.get_running_loop().time())
            if len(began) == 1:
                raise KeyError("a bug of ours")
            await asyncio.Event().wait()

        with capture_logs() as logs:
            task = asyncio.create_task(for_ever(work, clock))
            await clock.sleep(10 * AGAIN_SECONDS)
            task.cancel()
            await asyncio.wait((task,))
        assert began == [0.0, AGAIN_SECONDS]
        assert [(line["log_level"], line["exc_info"]) for line in logs] == [("error", True)]
        assert task.cancelled()

    run(main)
