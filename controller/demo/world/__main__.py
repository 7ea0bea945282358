"""`python -m controller.demo.world`: serves a scenario on 127.0.0.1 until SIGTERM, or until its parent is gone.

Prints one JSON line on standard output once it answers:
`{"endpoint": ..., "control": ..., "region": ..., "pid": ..., "groups": [{"name", "target_groups", "instances"}]}`.
Exit codes: 0 ended as told; 1 the driver failed; 2 the scenario is not valid.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from pydantic import ValidationError

from controller.demo.scenario import Scenario
from controller.demo.scenarios import demo

PARENT_POLL_SECONDS = 0.1


def main() -> int:
    """Serve until told to end; the exit code."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    arguments = _parser().parse_args()
    try:
        scenario = _load(arguments.scenario)
    except (OSError, ValidationError) as error:
        sys.stderr.write(f"the scenario cannot be used: {error}\n")
        return 2
    if arguments.seed is not None:
        scenario = scenario.model_copy(update={"seed": arguments.seed})
    scenario = scenario.model_copy(update={"timings": scenario.timings.faster(arguments.speed)})
    stop = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop.set())
    return _serve(scenario, arguments, stop)


def _serve(scenario: Scenario, arguments: argparse.Namespace, stop: threading.Event) -> int:
    # moto reads these when it is imported: no stock images (1,300 of them), and no web page may call across origins.
    os.environ.update({"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_DISABLE_GLOBAL_CORS": "true"})
    from controller.demo.world.serving import Serving  # noqa: PLC0415 - after the variables that moto reads

    serving = Serving(scenario, arguments.wire_log, arguments.port)
    driver = threading.Thread(target=serving.world.run, args=(stop,), name="driver", daemon=True)
    driver.start()
    serving.start()
    sys.stdout.write(json.dumps(serving.ready_line()) + "\n")
    sys.stdout.flush()
    while not stop.wait(PARENT_POLL_SECONDS):
        if os.getppid() != arguments.parent:
            stop.set()
    driver.join(timeout=5)
    serving.stop()
    return 0 if serving.world.failure is None else 1


def _load(name: str) -> Scenario:
    """`demo`, a JSON file, or `-` for JSON on standard input."""
    if name == "demo":
        return demo()
    text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    return Scenario.model_validate_json(text)


def _speed(text: str) -> float:
    """A factor above zero."""
    if (speed := float(text)) > 0:
        return speed
    raise ValueError(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m controller.demo.world", description="an embedded AWS, on loopback")
    parser.add_argument("--scenario", default="demo", help="demo, a JSON file, or - for standard input")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--wire-log", type=Path, help="append each request and each change to this file, as JSON lines")
    parser.add_argument("--seed", type=int, help="instead of the scenario's own")
    parser.add_argument("--speed", type=_speed, default=1.0, help="2 makes everything take half as long")
    parser.add_argument(
        "--parent", type=int, default=os.getppid(), help="end when this is no longer the parent process"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
