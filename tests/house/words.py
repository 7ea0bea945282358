"""What must not be said: calls that mend instead of replace, modules the pure rooms may not have, hosts and paths."""

import ast
import re

from tests.house.project import Project, Source

# Operations that log in, run something inside, restart in place, or take the floor away first.
MENDING = {
    "attach_volume",
    "exec_create",
    "exec_run",
    "exec_start",
    "execute_command",
    "create_association",
    "create_replace_root_volume_task",
    "modify_instance_attribute",
    "reboot_instances",
    "send_command",
    "send_serial_console_ssh_public_key",
    "send_ssh_public_key",
    "set_instance_health",
    "start_automation_execution",
    "start_instance_refresh",
    "start_instances",
    "start_session",
    "stop_instances",
}
REMOTE_SHELLS = {"ansible", "asyncssh", "fabric", "invoke", "paramiko", "pexpect", "plumbum", "telnetlib"}
PROCESSES = {"subprocess", "os.system", "os.popen", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"}

# The embedded world of the demo plays AWS and runs as a process of its own.
WORLD = "controller/demo"

PURE = ("controller/domain", "controller/decide")
PURE_MODULES = {
    "abc",
    "bisect",
    "collections",
    "contextlib",
    "contextvars",  # domain/laps: who times what happens within, and nothing that decides reads it
    "controller",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "statistics",
    "string",
    "types",
    "typing",
    "zoneinfo",
    # And one package beyond: when a cron expression fires is arithmetic.
    "cronsim",
}

# Lock files and code must work for everyone: no machine's folders, no registry's address.
PLACES = re.compile(
    r"/(?:home|opt|root|Users|work)/\w"
    r"|(?:pypi|pythonhosted|npmjs|rubygems)\.(?:org|com)"
    r"|--(?:find-links|(?:extra-)?index-url)"
)
PLACES_IGNORED = {"tests/house/words.py", "LICENSE"}


def _spoken(node: ast.AST) -> str:
    """A name, an attribute or a whole string, in snake case: `RebootInstances` is `reboot_instances`."""
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word) | ast.Constant(value=str(word)):
            return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", word).lower()
        case _:
            return ""


def mending_calls(project: Project) -> list[str]:
    """Replace, never mend: none of these operations, no remote shell, and no process but the demo's world."""
    problems = []
    for source in project.code:
        is_world = source.is_under(WORLD)
        for node in ast.walk(source.tree):
            if not is_world and isinstance(node, ast.expr) and _spoken(node) in MENDING:
                problems.append(source.at(node, f"`{_spoken(node)}` mends in place or terminates first"))
            if not is_world and isinstance(node, ast.Attribute) and source.full_name(node) in PROCESSES:
                problems.append(source.at(node, f"`{source.full_name(node)}` starts a process"))
        for statement, name in source.imports():
            top = name.partition(".")[0]
            if top in REMOTE_SHELLS or (not is_world and (top in PROCESSES or name in PROCESSES)):
                problems.append(source.at(statement, f"`{name}` opens a shell or starts a process"))
    return problems


def impure_imports(project: Project) -> list[str]:
    """The domain and deciding know data and arithmetic only: a new standard module is let in by name or not at all."""
    return [
        source.at(statement, f"`{name}` in a room that only knows data; allowed are {', '.join(sorted(PURE_MODULES))}")
        for source in _pure(project)
        for statement, name in source.imports()
        if name.partition(".")[0] not in PURE_MODULES
    ]


def _pure(project: Project) -> list[Source]:
    return [source for source in project.code if source.is_under(*PURE)]


def machine_places(project: Project) -> list[str]:
    """No path of somebody's machine and no address of a package registry, in any text file."""
    problems = []
    for path in project.files:
        if path.as_posix() in PLACES_IGNORED:
            continue
        try:
            lines = (project.root / path).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        problems += [
            f"{path.as_posix()}:{number}: `{found.group()}` is a place on one machine or a registry's address"
            for number, line in enumerate(lines, start=1)
            if (found := PLACES.search(line))
        ]
    return problems
