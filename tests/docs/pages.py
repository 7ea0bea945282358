"""The pages that people read, and the blocks of code in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(
    r"^(?P<indent> *)(?P<mark>```+|~~~+)(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)(?P=mark)$",
    re.DOTALL | re.MULTILINE,
)
GENERATED = {"docs/cli.md", "docs/api.md"}
"""Held to the code by tests of their own."""


@dataclass(frozen=True)
class Block:
    """One block of code. language: what stands behind the fence; empty for indented code. line: of its first."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page for people, relative to the root."""
    found = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md"), *ROOT.glob("*.md")]
    kept = (path.relative_to(ROOT) for path in found if ".terraform" not in path.parts)
    return sorted(path for path in kept if path.as_posix() not in GENERATED)


def fenced(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start("text")) + 1
        yield Block(page.as_posix(), line, found["language"], found["text"])


def indented(page: Path) -> Iterator[Block]:
    """The lines of a page that are indented by four, as Markdown takes code without a fence."""
    text = FENCE.sub(lambda found: "\n" * found[0].count("\n"), (ROOT / page).read_text(encoding="utf-8"))
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("    ") and line.strip():
            yield Block(page.as_posix(), number, "", line.removeprefix("    "))
