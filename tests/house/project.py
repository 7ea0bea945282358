"""The files of one checkout, read once, for the tidy checks."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
GENERATED = {".git", ".venv", "__pycache__", "build", "dist"}
CODE = ("controller", "probes")


@dataclass(frozen=True)
class Source:
    """One Python file. path: relative to the project's root."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    @property
    def module(self) -> str:
        """The dotted name that imports it; a package's name for its __init__."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        """The folder, as `controller/demo`."""
        return self.path.parent.as_posix()

    def is_under(self, *folders: str) -> bool:
        return any(self.path.as_posix().startswith(f"{folder}/") for folder in folders)

    def at(self, node: ast.stmt | ast.expr, sentence: str) -> str:
        return f"{self.path.as_posix()}:{node.lineno}: {sentence}"

    @cached_property
    def aliases(self) -> dict[str, str]:
        """What each imported name stands for, in full: `dt` -> `datetime.datetime`."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    names[name.asname or name.name.partition(".")[0]] = (
                        name.name if name.asname else name.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                names |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
        return names

    def imports(self) -> list[tuple[ast.stmt, str]]:
        """Every import, wherever it stands: the statement, and the full name of what it brings in."""
        found: list[tuple[ast.stmt, str]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(node, name.name) for name in node.names]
            elif isinstance(node, ast.ImportFrom):
                found += [(node, f"{node.module}.{name.name}") for name in node.names]
        return found

    def full_name(self, node: ast.expr) -> str:
        """`datetime.datetime.now` for `dt.now`, with `()` after what is called; a nameless part is left empty."""
        match node:
            case ast.Name(id=name):
                return self.aliases.get(name, name)
            case ast.Attribute(value=value, attr=attribute):
                return f"{self.full_name(value)}.{attribute}"
            case ast.Call(func=function):
                return f"{self.full_name(function)}()"
            case _:
                return ""


class Project:
    """The files that belong to the checkout at `root`: tracked, or new and not ignored."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Relative paths, sorted. A copy without .git is taken as it lies, but for what tools generate."""
        if (self.root / ".git").exists():
            command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
            listed = subprocess.run(command, cwd=self.root, capture_output=True, check=True, text=True).stdout
            paths = {Path(name) for name in listed.split("\0") if name}
        else:
            paths = {path.relative_to(self.root) for path in self.root.rglob("*")}
        kept = (path for path in paths if not GENERATED.intersection(path.parts))
        return tuple(sorted(path for path in kept if (self.root / path).is_file()))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Every Python file."""
        python = (path for path in self.files if path.suffix == ".py")
        return tuple(Source(path, (self.root / path).read_text(encoding="utf-8")) for path in python)

    @property
    def code(self) -> tuple[Source, ...]:
        """The Python files that ship: not the tests, not the tools."""
        return tuple(source for source in self.sources if source.path.parts[0] in CODE)
