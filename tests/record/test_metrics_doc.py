"""docs/metrics.md tells of every metric, as the catalogue has it."""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

from controller.record.catalogue import CATALOGUE
from tests.house.project import ROOT

PAGE = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


def tool() -> ModuleType:
    spec = spec_from_file_location("metrics_doc", ROOT / "tools" / "metrics_doc.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_up_to_date() -> None:
    assert tool().page(PAGE) == PAGE, "run `.venv/bin/python tools/metrics_doc.py`"


def test_every_label_is_explained() -> None:
    for label in {label for metric in CATALOGUE for label in metric.labels} - {"version", "hash", "platform", "mode"}:
        assert f"| `{label}` |" in PAGE
