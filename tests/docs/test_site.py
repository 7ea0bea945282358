"""What makes the site ready finds broken links; what looks at it finds what a browser would fetch from elsewhere."""

from pathlib import Path

import pytest

from tools.site import check, stage

POLICY = f'<meta http-equiv="Content-Security-Policy" content="{check.POLICY}">'


def project(root: Path, page: str) -> Path:
    (root / "docs").mkdir()
    (root / "config").mkdir()
    (root / "deploy").mkdir()
    (root / "config/a.yaml").write_text("version: 1\n")
    (root / "README.md").write_text("# Read\n")
    (root / "docs/a.md").write_text(page)
    (root / "docs/b.md").write_text("# B\n")
    return root


def moved(root: Path, page: str, source: str = "docs/a.md") -> str:
    return stage.moved(Path(source), page, project(root, page))


def test_links_into_the_repository_lead_to_the_copies_in_the_site(tmp_path: Path) -> None:
    page = "[read](../README.md#read), [b](b.md), [yaml](../config/a.yaml), [out](https://example.org/x), [here](#here)"
    assert moved(tmp_path, page) == (
        "[read](repository/repave.md#read), [b](b.md), [yaml](repository/config/a.yaml.md), "
        "[out](https://example.org/x), [here](#here)"
    )


def test_links_of_a_page_outside_of_docs_find_the_pages(tmp_path: Path) -> None:
    assert moved(tmp_path, "[b](docs/b.md#b)", "README.md") == "[b](../b.md#b)"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("nothing.md", "links to nothing.md, which is not there"),
        ("../config/b.yaml", "links to ../config/b.yaml, which is not there"),
        ("../../etc/passwd", "which is not there"),
        ("../deploy", "links to the folder ../deploy, which has no README.md"),
    ],
)
def test_a_link_to_nothing_is_told_with_its_line(tmp_path: Path, target: str, says: str) -> None:
    with pytest.raises(stage.Broken, match="docs/a.md:2: ") as told:
        moved(tmp_path, f"first\n[x]({target})\n")
    assert says in str(told.value)


def test_a_link_that_says_but_a_files_name_says_the_pages_title(tmp_path: Path) -> None:
    assert moved(tmp_path, "see [b.md](b.md#b) and [the other](b.md)") == "see [B](b.md#b) and [the other](b.md)"


def test_code_is_no_link(tmp_path: Path) -> None:
    page = "```\n[x](nothing.md)\n```\n"
    assert moved(tmp_path, page) == page


def test_a_drawing_becomes_a_picture(tmp_path: Path) -> None:
    page = stage.drawn(Path("docs/a.md"), "# A\n\n```mermaid\nflowchart LR\n    A --> B\n```\n", tmp_path)
    assert "mermaid" not in page
    assert "(assets/diagrams/a-1.svg)" in page
    assert (tmp_path / "assets/diagrams/a-1.svg").read_text().startswith("<svg ")


def looked_at(root: Path, body: str, head: str = POLICY, **more: str) -> list[str]:
    (root / "a.html").write_text(f"<html><head>{head}</head><body><h1 id='top'>A</h1>{body}</body></html>")
    (root / "site.css").write_text(more.get("css", "body { color: black }"))
    (root / "b.html").write_text(f"<html><head>{POLICY}</head><body><h2 id='there'>B</h2></body></html>")
    return check.Site(root).problems()


@pytest.mark.parametrize(
    "body",
    [
        '<a href="b.html#there">b</a> <a href="#top">top</a> <a href="site.css">raw</a>',
        '<a href="https://example.org/">a reader may go elsewhere</a>',
        '<img src="data:image/png;base64,AAAA">',
    ],
)
def test_a_good_page_has_no_problems(tmp_path: Path, body: str) -> None:
    assert looked_at(tmp_path, body) == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('<a href="c.html">c</a>', "a link to c.html, which is not there"),
        ('<a href="../a.html">out of the site</a>', "a link to ../a.html, which is not there"),
        ('<a href="b.html#here">b</a>', "a link to b.html#here: that page has no such place"),
        ('<a href="#here">b</a>', "a link to #here: that page has no such place"),
        ('<img src="pic.png">', "loads pic.png, which is not there"),
        ('<img src="//example.org/pic.png">', "a browser would fetch //example.org/pic.png"),
        ('<script src="https://example.org/a.js"></script>', "a browser would fetch https://example.org/a.js"),
        ('<link rel="stylesheet" href="https://example.org/a.css">', "a browser would fetch https://example.org/a.css"),
        ('<link rel="preconnect" href="https://example.org">', "a browser would fetch https://example.org"),
        ("<style>@import 'https://example.org/a.css'</style>", "a browser would fetch https://example.org/a.css"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, body: str, says: str) -> None:
    assert any(says in problem for problem in looked_at(tmp_path, body))


def test_a_font_from_elsewhere_is_found_in_a_style_sheet(tmp_path: Path) -> None:
    css = "@font-face { src: url(https://example.org/font.woff2) }"
    assert looked_at(tmp_path, "", css=css) == ["site.css: a browser would fetch https://example.org/font.woff2"]


def test_a_page_without_the_policy_is_found(tmp_path: Path) -> None:
    assert any("no Content-Security-Policy" in problem for problem in looked_at(tmp_path, "", head=""))
