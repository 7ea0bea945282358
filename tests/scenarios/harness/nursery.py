"""`python -m tests.scenarios.harness.nursery`: loads the emulator once, then forks a world for each line it is given.

Loading moto takes seconds, a fork milliseconds, and a forked world knows nothing of the ones before it. A line on
standard input is JSON: `{"scenario": {...}, "wire_log": PATH}` begins a world, which announces itself on standard
output as `python -m controller.demo.world` does; `{"end": PID}` ends it, and is answered when it is gone.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

os.environ.update({"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_DISABLE_GLOBAL_CORS": "true"})

from controller.demo.scenario import Scenario
from controller.demo.world.serving import Serving


def main() -> None:
    """Read lines until there are no more, and leave nobody behind."""
    warm_up()
    alive: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "end" in order:
            alive.discard(order["end"])
            end(order["end"])
            print(json.dumps({"ended": order["end"]}), flush=True)
        else:
            child = os.fork()
            if child == 0:
                os._exit(serve(order))
            alive.add(child)
    for child in alive:
        end(child)


def warm_up() -> None:
    """Import what moto imports only once somebody asks: its services' responses and their models."""
    from moto.backends import get_backend  # noqa: PLC0415 - after the variables that moto reads

    for service in ("autoscaling", "ec2", "elbv2", "sts"):
        get_backend(service)


def end(child: int) -> None:
    """Ask one world to end, and wait until it is gone."""
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)


def serve(order: dict[str, Any]) -> int:
    """One world, until it is told to end."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    serving = Serving(Scenario.model_validate(order["scenario"]), Path(order["wire_log"]), 0)
    serving.start()
    print(json.dumps(serving.ready_line()), flush=True)
    parent = os.getppid()
    while not stop.wait(0.05):
        if os.getppid() != parent:
            break
    serving.stop()
    return 0


if __name__ == "__main__":
    main()
