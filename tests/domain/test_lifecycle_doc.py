"""docs/lifecycle.md is generated, and is what the table says now."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from controller.domain.lifecycle import ASIDE, Outcome, Phase, diagram

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "lifecycle_doc.py"


def tool() -> ModuleType:
    spec = spec_from_file_location("lifecycle_doc", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_file_is_up_to_date() -> None:
    written = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    assert written == tool().page(), "run `.venv/bin/python tools/lifecycle_doc.py`"


def test_it_speaks_of_every_phase_outcome_and_aside_event() -> None:
    page = tool().page()
    assert diagram() in page
    assert all(f"| `{word}` |" in page for word in (*Phase, *Outcome))
    assert all(f"`{kind}`" in page for kind in ASIDE)


def test_the_script_runs_from_anywhere(tmp_path: Path) -> None:
    check = "import runpy, sys; print(runpy.run_path(sys.argv[1])['page']())"
    done = subprocess.run(
        [sys.executable, "-c", check, str(TOOL)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("# The life of a replacement")
