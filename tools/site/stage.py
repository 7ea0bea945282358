#!/usr/bin/env python3
"""Makes build/docs out of docs/, for the site: `python tools/site/stage.py`.

On a code host a page may link to any file of the repository and draw with Mermaid. The site has neither, so here the
linked files come along as pages under `repository/`, and pictures are drawn now instead of in the reader's browser.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import mmdr

ROOT = Path(__file__).resolve().parents[2]
STAGE = ROOT / "build" / "docs"
ALSO = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
"""Pages of the site though they are not in docs/ and perhaps nothing there links to them."""

LANGUAGES = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".toml": "toml",
    ".tf": "hcl",
    ".sh": "bash",
    ".py": "python",
    ".txt": "text",
}
"""What is shown as a page when it is linked to; other files are copied as they are."""

WIDEST = 4.0
"""Times its height that a picture may be wide; beyond, its words are too small to read."""
MARGIN = 24.0

LOOK = '%%{init: {"theme": "neutral", "fontFamily": "sans-serif"}}%%\n'
_LINK = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")
_FENCE = re.compile(r"^ *(```|~~~)")
_MERMAID = re.compile(r"^```mermaid\n(?P<drawing>.*?)^```\n", re.DOTALL | re.MULTILINE)


class Broken(Exception):
    """A page links to what is not there."""


def staged(path: Path, root: Path = ROOT) -> Path:
    """Where a file of the repository stands in the stage. Both relative to their roots.

    A folder's README.md bears the folder's name: the navigation would take it for the front page of its part.
    """
    if (root / path).is_dir() or path.name == "README.md":
        folder = path if (root / path).is_dir() else path.parent
        return Path("repository") / (f"{folder}.md" if folder.name else "repave.md")
    place = path.relative_to("docs") if path.parts[0] == "docs" else Path("repository") / path
    return place.with_name(f"{place.name}.md") if place.suffix in LANGUAGES else place


def links(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Every link outside of fenced code: the number of its line, and the match within that line."""
    fenced = False
    for number, line in enumerate(text.splitlines(), start=1):
        fenced ^= bool(_FENCE.match(line))
        if not fenced:
            yield from ((number, found) for found in _LINK.finditer(line))


def is_outward(target: str) -> bool:
    """Whether a link leads to another site, or stays on its page."""
    return target.startswith("#") or bool(re.match(r"[a-z]+:", target))


def linked(source: Path, target: str, root: Path = ROOT) -> Path:
    """The file that a link of the file `source` means, relative to the root. Raises Broken where there is none."""
    path = Path(os.path.normpath(source.parent / target.partition("#")[0]))
    if path.is_absolute() or ".." in path.parts or not (root / path).exists():
        raise Broken(f"links to {target}, which is not there")
    if (root / path).is_dir() and not (root / path / "README.md").exists():
        raise Broken(f"links to the folder {target}, which has no README.md")
    return path


def moved(source: Path, text: str, root: Path = ROOT) -> str:
    """A page's text, with each link to a file as it has to be where the page will stand."""
    here = staged(source, root).parent
    lines = text.splitlines(keepends=True)
    for number, found in links(text):
        target = found["target"]
        if is_outward(target):
            continue
        try:
            place = staged(linked(source, target, root), root)
        except Broken as broken:
            raise Broken(f"{source}:{number}: {broken}") from None
        anchor = target[target.index("#") :] if "#" in target else ""
        there = os.path.relpath(place, here) + anchor
        words = named(found["text"], root / linked(source, target, root))
        lines[number - 1] = lines[number - 1].replace(found[0], f"[{words}]({there})", 1)
    return "".join(lines)


def named(words: str, page: Path) -> str:
    """A link's words; where they are but the name of a page's file, its title."""
    if page.suffix != ".md" or words.rpartition("/")[2] != page.name:
        return words
    title = re.search(r"^# (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return title[1] if title else words


def picture_of(drawing: str) -> str:
    """The SVG of a drawing. A flow that would be a thin stripe across the page is drawn from top to bottom."""
    svg = mmdr.render(LOOK + drawing).svg()
    _, _, width, height = box(svg)
    if width > WIDEST * height and "flowchart LR" in drawing:
        svg = mmdr.render(LOOK + drawing.replace("flowchart LR", "flowchart TB", 1)).svg()
    left, top, width, height = box(svg)
    wider = (
        f"{left - MARGIN} {top - MARGIN} {width + 2 * MARGIN} {height + 2 * MARGIN}"  # words may reach over the edge
    )
    size = (
        f'width="{width + 2 * MARGIN:.0f}" height="{height + 2 * MARGIN:.0f}"'  # never larger than its words were meant
    )
    return re.sub(r'viewBox="[^"]*"', f'viewBox="{wider}"', svg.replace('width="100%"', size, 1), count=1)


def box(svg: str) -> tuple[float, float, float, float]:
    """Left, top, width and height of what an SVG shows."""
    found = re.search(r'viewBox="([^"]*)"', svg)
    left, top, width, height = map(float, found[1].split()) if found else (0.0, 0.0, 0.0, 0.0)
    return left, top, width, height


def drawn(source: Path, text: str, stage: Path = STAGE) -> str:
    """A page's text with its Mermaid drawings as pictures, which are written beside it."""
    count = 0

    def draw(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        here = staged(source)
        picture = Path("assets/diagrams") / f"{here.stem.lower()}-{count}.svg"
        (stage / picture).parent.mkdir(parents=True, exist_ok=True)
        (stage / picture).write_text(picture_of(found["drawing"]), encoding="utf-8")
        words = found["drawing"].partition("%% ")[2].partition("\n")[0] or "a drawing of what is said on this page"
        return f"![{words}]({os.path.relpath(picture, here.parent)})\n"

    return _MERMAID.sub(draw, text)


def write(source: Path) -> set[Path]:
    """Put one file into the stage. Returns the files it links to, relative to the root."""
    place = STAGE / staged(source)
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix in LANGUAGES:
        body = (ROOT / source).read_text(encoding="utf-8")
        place.write_text(f"# {source}\n\n~~~~{LANGUAGES[source.suffix]}\n{body}~~~~\n", encoding="utf-8")
        return set()
    if source.suffix != ".md":
        shutil.copyfile(ROOT / source, place)
        return set()
    text = (ROOT / source).read_text(encoding="utf-8")
    place.write_text(moved(source, drawn(source, text)), encoding="utf-8")
    wanted = (linked(source, found["target"]) for _, found in links(text) if not is_outward(found["target"]))
    return {path / "README.md" if (ROOT / path).is_dir() else path for path in wanted}


def taken_along() -> list[Path]:
    """The pages of the site that are not in docs/, relative to the root."""
    deploying = sorted((ROOT / "deploy").glob("*/README.md"))
    return [Path(name) for name in ALSO] + [path.relative_to(ROOT) for path in deploying]


def main() -> None:
    """Make the stage anew."""
    shutil.rmtree(STAGE, ignore_errors=True)
    waiting = [path.relative_to(ROOT) for path in sorted((ROOT / "docs").rglob("*")) if path.is_file()]
    waiting += taken_along()
    done: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in done:
            done.add(path)
            waiting += sorted(write(path))


if __name__ == "__main__":
    try:
        main()
    except Broken as broken:
        sys.exit(f"docs: {broken}")
