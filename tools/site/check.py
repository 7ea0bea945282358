#!/usr/bin/env python3
"""Looks at the built site: `python tools/site/check.py [FOLDER]`.

Every link and anchor leads somewhere, and a browser that opens a page asks no other host for anything.
"""

import re
import sys
from collections.abc import Iterator
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "site"
LOADED = {"audio", "embed", "iframe", "img", "input", "object", "script", "source", "track", "video"}
"""Elements whose src (or data) a browser fetches by itself; of `link` it is the href, but for these relations."""
NOT_LOADED = {"next", "prev", "canonical", "alternate", "describedby"}
OUTSIDE = re.compile(r"(?:url\(|@import)\s*['\"]?\s*((?:https?:)?//[^'\")\s]+)")
POLICY = "default-src 'self' 'unsafe-inline' data: blob:"


class Page(HTMLParser):
    """What one page links to, loads, and can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[tuple[int, str]] = []
        self.loads: list[tuple[int, str]] = []
        self.ids: set[str] = set()
        self.policy = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the element has to do with other places."""
        said = {name: value or "" for name, value in attrs}
        self.ids |= {said[name] for name in ("id", "name") if said.get(name)}
        line = self.getpos()[0]
        if tag == "a" and "href" in said:
            self.links.append((line, said["href"]))
        if tag == "link" and not NOT_LOADED.intersection(said.get("rel", "").split()):
            self.loads.append((line, said.get("href", "")))
        if tag in LOADED:
            self.loads += [(line, said[name]) for name in ("src", "data", "poster") if name in said]
        if said.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = said.get("content", "")


class Site:
    """The built site in a folder."""

    def __init__(self, root: Path = SITE) -> None:
        self.root = root.resolve()

    @cached_property
    def pages(self) -> dict[Path, Page]:
        """Every page, by its file."""
        return {path: Page(path) for path in sorted(self.root.rglob("*.html"))}

    def problems(self) -> list[str]:
        """What is wrong, one sentence each, with the page and its line."""
        found = [problem for page in self.pages.values() for problem in (*self._of_links(page), *self._of_loads(page))]
        return found + list(self._of_styles())

    def _of_links(self, page: Page) -> Iterator[str]:
        for line, target in page.links:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            path = self._file(page, parts.path)
            if path is None:
                yield self._at(page, line, f"a link to {target}, which is not there")
            elif parts.fragment and path in self.pages and unquote(parts.fragment) not in self.pages[path].ids:
                yield self._at(page, line, f"a link to {target}: that page has no such place")

    def _of_loads(self, page: Page) -> Iterator[str]:
        if page.policy != POLICY:
            yield self._at(page, 1, "no Content-Security-Policy that keeps a browser on this site")
        for line, target in page.loads:
            parts = urlsplit(target)
            if parts.scheme == "data":
                continue
            if parts.scheme or parts.netloc:
                yield self._at(page, line, f"a browser would fetch {target}")
            elif self._file(page, parts.path) is None:
                yield self._at(page, line, f"loads {target}, which is not there")

    def _of_styles(self) -> Iterator[str]:
        for path in sorted((*self.root.rglob("*.css"), *self.root.rglob("*.svg"), *self.root.rglob("*.html"))):
            for found in OUTSIDE.finditer(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(self.root)}: a browser would fetch {found[1]}"

    def _file(self, page: Page, target: str) -> Path | None:
        """The file that a link means; None where it is none of this site's. An address from the root is 404.html's."""
        start = self.root if target.startswith("/") else page.path.parent
        path = (start / unquote(target).lstrip("/")).resolve() if target else page.path
        path = path / "index.html" if path.is_dir() else path
        return path if path.is_file() and path.is_relative_to(self.root) else None

    def _at(self, page: Page, line: int, sentence: str) -> str:
        return f"{page.path.relative_to(self.root)}:{line}: {sentence}"


def main(folder: Path) -> None:
    """Say what is wrong, and end with 1 if anything is."""
    site = Site(folder)
    if not site.pages:
        sys.exit(f"docs: there is no page in {folder}")
    problems = site.problems()
    print(
        "\n".join(problems)
        or f"docs: {len(site.pages)} pages: every link leads somewhere, nothing comes from elsewhere"
    )
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SITE)
