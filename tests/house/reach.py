"""No dead files: whatever ships is reached from the command, or found as a plug-in."""

import ast

from tests.house.project import Project, Source
from tests.house.shape import plugin_constant

ENTRY_POINTS = {"controller.cli", "controller.__main__"}


def _mentioned(source: Source) -> set[str]:
    """Dotted names that a file imports or spells out whole in a string (`python -m ...`), and every package above."""
    strings = {
        node.value for node in ast.walk(source.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    names = {name for _, name in source.imports()} | strings | {f"{string}.__main__" for string in strings}
    return {".".join(parts[:end]) for parts in (name.split(".") for name in names) for end in range(1, len(parts) + 1)}


def dead_files(project: Project) -> list[str]:
    """Files under controller/ and probes/ that nothing alive imports. Tests do not keep a file alive."""
    modules = {source.module: source for source in project.code}
    alive = {name for name, source in modules.items() if name in ENTRY_POINTS or plugin_constant(source)}
    waiting = list(alive)
    while waiting:
        name = waiting.pop()
        above = {name.rpartition(".")[0]}
        found = ((_mentioned(modules[name]) | above) & modules.keys()) - alive
        alive |= found
        waiting += found
    return [
        f"{source.path.as_posix()}: nothing that runs imports it, and it is no plug-in"
        for name, source in sorted(modules.items())
        if name not in alive
    ]
