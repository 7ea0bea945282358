"""Whoever writes a page puts it where readers find it."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.site import stage

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def pages(nav: Any) -> Iterator[str]:
    """Every page of a navigation, however deep."""
    match nav:
        case str(page):
            yield page
        case dict():
            for below in nav.values():
                yield from pages(below)
        case list():
            for below in nav:
                yield from pages(below)


def listed() -> list[str]:
    settings = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    return list(pages(settings["project"]["nav"]))


def test_every_page_is_in_the_navigation_once() -> None:
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    missing = sorted(written.difference(listed()))
    assert not missing, f"put these pages of docs/ into `nav` in zensical.toml, where a reader would look: {missing}"
    twice = sorted({page for page in listed() if listed().count(page) > 1})
    assert not twice, f"these stand twice in `nav` in zensical.toml: {twice}"


def test_the_navigation_names_pages_that_exist() -> None:
    """Those of docs/, and those of the repository that come along."""
    along = {stage.staged(path).as_posix() for path in stage.taken_along()}
    assert [page for page in listed() if not (DOCS / page).is_file() and page not in along] == []


def test_the_front_page_leads_to_every_part() -> None:
    """A newcomer who begins there finds the first page of each part of the navigation."""
    front = (DOCS / "index.md").read_text(encoding="utf-8")
    settings = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    firsts = [next(page for page in pages(part) if page != "index.md") for part in settings["project"]["nav"]]
    assert [page for page in firsts if f"]({page})" not in front and f"](../{page[11:]})" not in front] == []
