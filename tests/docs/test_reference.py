"""The pages under docs/reference are what the code says now, and leave nothing out."""

import re
from pathlib import Path

import pytest

from controller.app.plugins import platforms, probes
from tools.reference import environment, pages

ROOT = Path(__file__).parents[2]
PAGES = pages.pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_it_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path], "run `.venv/bin/python -m tools.reference`"


def test_nothing_else_lies_there() -> None:
    assert set((ROOT / "docs" / "reference").glob("*.md")) == set(PAGES)


def test_every_plug_in_has_its_section() -> None:
    text = "\n".join(PAGES.values())
    sections = set(re.findall(r"^###? `?(\w+)`?$", text, re.MULTILINE))
    assert {*probes(), *platforms(), *pages.balancers()} - sections == set()


def test_every_kind_of_source_has_its_section() -> None:
    assert pages.kinds() - set(pages.SECTIONS) == set(), "add it to SECTIONS in tools/reference/pages.py"


def test_every_mapping_is_told_of() -> None:
    """A new section of the configuration that no page shows: its keys would be missing."""
    told = {*pages.SECTIONS, *pages.keys().links}
    mappings = {name for name, said in pages.keys().schema["$defs"].items() if said.get("properties")}
    assert mappings - told == set(), "add it to SECTIONS in tools/reference/pages.py"


def test_every_key_has_a_meaning() -> None:
    """Descriptions stand at the fields of the models; the schema shows them too."""
    rows = [line for text in PAGES.values() for line in text.splitlines() if line.startswith("| `")]
    nameless = [row for row in rows if row.count(" | ") >= 4 and not re.split(r"(?<!\\) \| ", row)[3].strip()]
    assert len(rows) > 100
    assert nameless == []


def test_every_environment_variable_is_told_of() -> None:
    found = dict(environment.named_in(ROOT))
    assert len(found) > 10
    missing = {
        name: where for name, where in found.items() if name not in environment.VARIABLES.keys() | environment.VALUES
    }
    assert not missing, f"say what they are for in tools/reference/environment.py: {missing}"


def test_a_variable_that_nothing_reads_is_not_told_of() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for room in ("controller", "probes") for path in (ROOT / room).rglob("*.py")
    )
    by_others = {"AWS_ENDPOINT_URL", "SSL_CERT_FILE"}
    put_together = {name for name in environment.VARIABLES if name.startswith("OTEL_EXPORTER_OTLP_")}
    stale = {name for name in environment.VARIABLES.keys() - by_others - put_together if f'"{name}"' not in code}
    assert stale == set()
