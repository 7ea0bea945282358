"""`python -m tests.support.nursery`: loads the emulator once, then forks a world for each line it is given.

Loading moto takes seconds, a fork milliseconds, and a forked world knows nothing of the ones before it. A line on
standard input is JSON: `{"scenario": {...}, "wire_log": PATH, "frozen": BOOL}` begins a world, which announces itself
on standard output as `python -m controller.demo.world` does; `{"end": PID}` ends it, and is answered when it is gone.
"""

import json
import os
import signal
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

os.environ.update({"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_DISABLE_GLOBAL_CORS": "true"})

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import Client

from controller.demo.scenario import Scenario
from controller.demo.scenarios import fleet
from controller.demo.world import serving as serving_module
from controller.demo.world.serving import Serving

setattr(serving_module, "create_backend_app", cache(create_backend_app))  # noqa: B010 - built once, for every world

VERSIONS = {"autoscaling": "2011-01-01", "ec2": "2016-11-15", "elasticloadbalancing": "2015-12-01"}
READS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("autoscaling", "DescribeAutoScalingGroups", {}),
    ("autoscaling", "DescribeInstanceRefreshes", {"AutoScalingGroupName": "web"}),
    ("ec2", "DescribeInstanceStatus", {}),
    ("ec2", "DescribeInstances", {}),
    ("ec2", "DescribeImages", {}),
    ("ec2", "DescribeLaunchTemplateVersions", {"LaunchTemplateName": "web"}),
    ("ec2", "DescribeInstanceImageMetadata", {}),
)


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
    """Let a world that nobody will see answer each kind of request once: moto loads and builds most of what it is made
    of when it is first asked."""
    with tempfile.TemporaryDirectory() as folder:
        serving = Serving(Scenario(groups=(fleet(),)), Path(folder) / "wire.jsonl", 0)
        client = Client(serving._application)
        (arn,) = serving.world.scaling.groups[0].target_group_arns
        for service, action, parameters in (
            *READS,
            ("elasticloadbalancing", "DescribeTargetHealth", {"TargetGroupArn": arn}),
        ):
            form = {"Action": action, "Version": VERSIONS[service], **parameters}
            credential = f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/{service}/aws4_request"
            answer = client.post("/", data=form, headers={"Authorization": credential, "Host": "127.0.0.1"})
            assert answer.status_code < 500, answer.text
        serving._server.server_close()
        serving.world.log.close()
    ec2_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].reset()


def end(child: int) -> None:
    """Ask one world to end, and wait until it is gone."""
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)


def serve(order: dict[str, Any]) -> int:
    """One world, until it is told to end."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    serving = Serving(Scenario.model_validate(order["scenario"]), Path(order["wire_log"]), 0)
    if order["frozen"]:
        serving.world.set_time(True, 0.0)
    driver = threading.Thread(target=serving.world.run, args=(stop,), name="driver", daemon=True)
    driver.start()
    serving.start()
    print(json.dumps(serving.ready_line()), flush=True)
    parent = os.getppid()
    while not stop.wait(0.05):
        if os.getppid() != parent:
            break
    driver.join(5)
    serving.stop()
    return 0


if __name__ == "__main__":
    main()
