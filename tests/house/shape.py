"""Sizes that a reader can hold, and one spec per plug-in file."""

import ast
from collections.abc import Iterator

from tests.house.project import Project, Source

MOST_FILE_LINES = 350
MOST_FUNCTION_LINES = 60

# folder: the constant by which the application finds a plug-in there
PLUGINS = {
    "probes": "PROBE",
    "controller/decide/rules": "RULE",
    "controller/platforms": "PLATFORM",
    "controller/balancers": "BALANCER",
    "controller/record/notify": "CHANNEL",
}


def long_files(project: Project) -> list[str]:
    """A longer file wants a second room."""
    counted = ((source, len(source.text.splitlines())) for source in project.sources)
    return [
        f"{source.path.as_posix()}: {lines} lines; at most {MOST_FILE_LINES}"
        for source, lines in counted
        if lines > MOST_FILE_LINES
    ]


def long_functions(project: Project) -> list[str]:
    """Docstring included, decorators not."""
    return [
        source.at(node, f"`{node.name}` is {lines} lines long; at most {MOST_FUNCTION_LINES}")
        for source in project.sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MOST_FUNCTION_LINES
    ]


def plugin_constant(source: Source) -> str | None:
    """The constant that this file must define if it is a plug-in: a public module, or the __init__ of a public package,
    directly in one of the plug-in folders."""
    place = source.path.parent if source.path.name == "__init__.py" else source.path
    is_public = not place.name.startswith("_")
    return PLUGINS.get(place.parent.as_posix()) if is_public else None


def _specs(tree: ast.Module, constant: str) -> Iterator[str]:
    """Names assigned at the top of a module that are the constant, start with it, or hold a `...Spec(...)`."""
    target: ast.expr
    for node in tree.body:
        if isinstance(node, ast.AnnAssign):
            target, hints = node.target, [node.annotation, node.value]
        elif isinstance(node, ast.Assign):
            target, hints = node.targets[0], [node.value]
        else:
            continue
        types = [hint.func if isinstance(hint, ast.Call) else hint for hint in hints]
        is_spec = any(isinstance(type_, ast.Name) and type_.id.endswith("Spec") for type_ in types)
        if isinstance(target, ast.Name) and (is_spec or target.id == constant or target.id.startswith(f"{constant}_")):
            yield target.id


def one_spec_per_file(project: Project) -> list[str]:
    """One probe, rule, platform, balancer or channel per file, under the name by which it is found."""
    problems = []
    for source in project.code:
        constant = plugin_constant(source)
        if constant is None:
            continue
        found = list(_specs(source.tree, constant))
        if found != [constant]:
            problems.append(f"{source.path.as_posix()}: exactly one {constant} is wanted, found: {found or 'none'}")
    return problems
