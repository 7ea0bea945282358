"""One clock, one source of ids, no chance: time comes in through the Clock port, so that tests can own it."""

import ast

from tests.house.project import Project, Source

CLOCK_ROOMS = ("controller/clock.py", "controller/demo/wall.py")

DATES = {f"datetime.{name}" for name in ("datetime.now", "datetime.utcnow", "datetime.today", "date.today")}
CLOCKS = {
    f"time.{name}{unit}"
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
    for unit in ("", "_ns")
}
FORMATTED = {f"time.{name}" for name in ("localtime", "gmtime", "ctime", "asctime", "strftime")}
LOOP_TIME = {"asyncio.get_running_loop().time", "asyncio.get_event_loop().time", "loop.time"}
WAITS = {"time.sleep", "asyncio.sleep"}
CHANCE = {f"uuid.{name}" for name in ("uuid1", "uuid4", "uuid6", "uuid7", "uuid8", "getnode")} | {
    "os.urandom",
    "os.getrandom",
}
READS = DATES | CLOCKS | FORMATTED | LOOP_TIME | WAITS | CHANCE
CHANCE_MODULES = ("random", "secrets")


def _named(source: Source) -> list[tuple[ast.stmt | ast.expr, str]]:
    """Every full name that a file imports or speaks of."""
    spoken = [node for node in ast.walk(source.tree) if isinstance(node, ast.Name | ast.Attribute)]
    return [*source.imports(), *((node, source.full_name(node)) for node in spoken)]


def clocks_and_chance(project: Project) -> list[str]:
    """No clock, no waiting, no fresh id and no dice outside their rooms; a mere mention (a default factory) counts."""
    problems = {
        source.at(node, f"`{name}` belongs in {CLOCK_ROOMS[0]}; take a Clock instead")
        for source in project.code
        if source.path.as_posix() not in CLOCK_ROOMS
        for node, name in _named(source)
        if name in READS or name.partition(".")[0] in CHANCE_MODULES
    }
    return sorted(problems)


def sleeping_tests(project: Project) -> list[str]:
    """Only end-to-end tests may wait for the real clock."""
    problems = {
        source.at(node, "a test sleeps; wait for an event, or use the virtual clock")
        for source in project.sources
        if source.is_under("tests") and not source.is_under("tests/e2e")
        for node, name in _named(source)
        if name == "time.sleep"
    }
    return sorted(problems)
