"""Told to stop, the process ends: by itself, when it is told again, or when its time is up."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from controller.app import signals


@dataclass
class Process:
    """What became of this one. timers: what waits for which time, in seconds."""

    told: list[str] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    cleaned: int = 0
    timers: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def clean_up(self) -> None:
        self.cleaned += 1


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    process = Process()

    class Timer:
        daemon = False

        def __init__(self, seconds: float, work: Callable[..., None], arguments: tuple[str, ...]) -> None:
            self.what = (seconds, lambda: work(*arguments))

        def start(self) -> None:
            assert self.daemon, "it must not keep a process that ends by itself"
            process.timers.append(self.what)

    monkeypatch.setattr(signals, "Timer", Timer)
    monkeypatch.setattr(os, "_exit", process.ended.append)
    return process


async def told(number: signal.Signals) -> None:
    """Send it, and let the loop come round as often as it needs to hear of it."""
    os.kill(os.getpid(), number)
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_first_asks_and_the_second_ends_at_once(process: Process, capsys: pytest.CaptureFixture[str]) -> None:
    with signals.stop_signals(process.told.append, lambda: ["r-1 (draining i-2 of web)"], process.clean_up):
        await told(signal.SIGTERM)
        assert (process.told, process.ended, process.cleaned) == (["SIGTERM"], [], 0)
        await told(signal.SIGINT)
    assert (process.told, process.ended, process.cleaned) == (["SIGTERM"], [1], 1)
    assert capsys.readouterr().err == "repave: SIGINT again: ending at once; parked: r-1 (draining i-2 of web)\n"


async def test_what_does_not_stop_in_time_is_ended(process: Process, capsys: pytest.CaptureFixture[str]) -> None:
    """A journal that hangs, one answer after the other, kept a daemon of twelve fleets for over four minutes; ECS kills
    after two."""
    with signals.stop_signals(process.told.append, list, process.clean_up):
        assert process.timers == [], "nobody has asked yet"
        await told(signal.SIGTERM)
    ((seconds, over),) = process.timers
    assert seconds == signals.IN_TIME_SECONDS == 20.0
    over()
    assert (process.ended, process.cleaned) == ([1], 1)
    said = capsys.readouterr().err
    assert said == "repave: not stopped within 20 s: ending at once; parked: nothing was under way\n"
