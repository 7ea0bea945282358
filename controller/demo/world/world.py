"""The world: moto's backends, put right, and the driver that moves them on."""

import os
import threading
import traceback
from pathlib import Path

from moto.autoscaling.models import autoscaling_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.moto_api._internal import mock_random

from controller.demo.scenario import Scenario
from controller.demo.world.aliases import install_aliases
from controller.demo.world.answers import install_answers
from controller.demo.world.balancer import WorldBalancer
from controller.demo.world.conditions import Conditions
from controller.demo.world.launching import install_launching
from controller.demo.world.logs import install_logs
from controller.demo.world.metrics import install_metrics
from controller.demo.world.scaling import WorldAutoScaling
from controller.demo.world.seeding import Seeding
from controller.demo.world.telemetry import Telemetry
from controller.demo.world.truth import Truth
from controller.demo.world.wire_log import WireLog
from controller.demo.world.world_time import WorldTime


class World:
    """One scenario come to life. There is one per process: moto's backends are the process's.

    Whoever reads or changes the backends holds `lock`.
    """

    def __init__(self, scenario: Scenario, wire_log: Path | None) -> None:
        self.scenario = scenario
        self.lock = threading.RLock()
        self.failure: Exception | None = None
        self.log = WireLog(wire_log)
        self.conditions = Conditions(scenario.timings, self._emit, WorldTime(scenario.starts_at))
        if scenario.seed is not None:
            mock_random.seed(scenario.seed)
        region = scenario.region
        self.balancer = WorldBalancer(region, DEFAULT_ACCOUNT_ID, self.conditions)
        elbv2_backends[DEFAULT_ACCOUNT_ID][region] = self.balancer
        self.scaling = WorldAutoScaling(region, DEFAULT_ACCOUNT_ID, self.balancer, self.conditions)
        autoscaling_backends[DEFAULT_ACCOUNT_ID][region] = self.scaling
        install_answers(self.scaling)
        install_aliases()
        install_launching(self.scaling)
        self.truth = Truth(self.scaling, self.balancer)
        seeding = Seeding(ec2_backends[DEFAULT_ACCOUNT_ID][region], self.balancer, self.scaling, self.conditions)
        for group in scenario.groups:
            seeding.create(group)
        self.telemetry = Telemetry(self.scaling)
        self.telemetry.begin()
        install_metrics(self.telemetry)
        install_logs(self.telemetry)
        self.log_truth()

    def _emit(self, event: str, **fields: object) -> None:
        """Log what the driver did, with the world's time."""
        self.log.event(event, at=self.conditions.time.now().isoformat(), **fields)

    def log_truth(self) -> None:
        """Write a line for each group that changed since the last call."""
        for change in self.truth.changes():
            self.log.write("truth", change)

    def run(self, stop: threading.Event) -> None:
        """Move the world on, tick by tick, until `stop` is set. A tick that fails ends the world.

        A world with a calendar of its own moves only when it is told to, so that it is the same each time.
        """
        if self.scenario.starts_at is not None:
            stop.wait()
        try:
            while not stop.wait(self.conditions.timings.tick_seconds):
                with self.lock:
                    self._tick()
        except Exception as error:  # noqa: BLE001 - whatever it was, the parent has to learn of it by the exit code
            traceback.print_exc()
            self.failure = error
            stop.set()

    def set_time(self, frozen: bool | None, advance_seconds: float) -> None:
        """Freeze or thaw time, and move it on as if the driver had ticked all the while. Called under the lock."""
        time, tick_seconds = self.conditions.time, self.conditions.timings.tick_seconds
        if frozen is True:
            time.freeze()
        elif frozen is False:
            time.thaw()
        whole, rest = divmod(advance_seconds, tick_seconds)
        for step in (*[tick_seconds] * int(whole), *([rest] if rest else [])):
            time.advance(step)
            self._tick()

    def _tick(self) -> None:
        self.scaling.tick()
        self.telemetry.notice()
        self.log_truth()

    def summary(self) -> dict[str, object]:
        """Region, process and groups, for the line that announces the world."""
        groups = [
            {
                "name": group.name,
                "target_groups": list(group.target_group_arns),
                "instances": [member.instance_id for member in group.members],
            }
            for group in self.scaling.groups
        ]
        return {"region": self.scenario.region, "pid": os.getpid(), "groups": groups}
