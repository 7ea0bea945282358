"""What a container uses, out of one or two measurements of its engine, counted as `docker stats` counts it.

Source of the formulas: https://github.com/docker/cli/blob/master/cli/command/container/stats_helpers.go
(calculateMemUsageUnixNoCache, calculateCPUPercentUnix).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from probes._engine import number, part

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""When something was measured that was not: Go's zero time."""


@dataclass(frozen=True, slots=True)
class CpuCounters:
    """Time that passed since the boot, in nanoseconds: of the container's own, and of all processors together."""

    own: float
    system: float
    processors: float

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "CpuCounters | None":
        """None where nothing was counted: the engine leaves the system's time out of a measurement that it did not
        make."""
        usage, system = part(told, "cpu_usage"), told.get("system_cpu_usage")
        if system is None:
            return None
        counted = told.get("online_cpus") or len(usage.get("percpu_usage") or ()) or 1
        return cls(number(usage["total_usage"]), number(system), number(counted))

    def percent_since(self, before: "CpuCounters") -> float | None:
        """Percent of one processor, as `docker stats` has it: 250 is two and a half. None where the counters did not go
        forward: the container was started again, or it is the same measurement."""
        own, system = self.own - before.own, self.system - before.system
        return own / system * self.processors * 100.0 if system > 0 and own >= 0 else None


def measured(told: Mapping[str, Any]) -> bool:
    """Whether anything was: of a container that does not run the engine answers with nothing."""
    read_at = told.get("read")
    return isinstance(read_at, str) and not read_at.startswith("0001-") and bool(part(told, "memory_stats"))


def memory_bytes(told: Mapping[str, Any]) -> float:
    """What is in use, less the file cache that the kernel would give up first: `total_inactive_file` of cgroup v1,
    `inactive_file` of v2."""
    memory = part(told, "memory_stats")
    used, stats = number(memory["usage"]), part(memory, "stats")
    key = "total_inactive_file" if "total_inactive_file" in stats else "inactive_file"
    cache = number(stats.get(key, 0))
    return used - cache if 0 <= cache < used else used
