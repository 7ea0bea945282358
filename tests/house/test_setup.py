"""`make setup` says what is wrong in one sentence, and leaves what was there alone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.project import ROOT

TOO_OLD = "#!/bin/sh\nexit 1\n"
WITHOUT_VENV = '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\nexec python3 "$@"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in ("tools", "requirements"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def set_up(checkout: Path, interpreter: str) -> subprocess.CompletedProcess[str]:
    fake = checkout / "fake-python"
    fake.write_text(interpreter, encoding="utf-8")
    fake.chmod(0o755)
    environment = {**os.environ, "PYTHON": str(fake)}
    command = [str(checkout / "tools/setup.sh"), "dev"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def test_an_old_python_is_named_and_the_environment_stays(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    result = set_up(checkout, TOO_OLD)
    assert result.returncode == 1
    assert result.stderr == f"setup: PYTHON={checkout}/fake-python is not a Python 3.11 or newer.\n"
    assert (checkout / ".venv").exists()


def test_a_python_without_venv_names_the_package(checkout: Path) -> None:
    result = set_up(checkout, WITHOUT_VENV)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "apt-get install python3-venv" in result.stderr
    assert not (checkout / ".venv").exists()


def test_an_unknown_set_is_refused(checkout: Path) -> None:
    result = subprocess.run(
        [str(checkout / "tools/setup.sh"), "tset"], capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 2
    assert result.stderr == "setup: there is no requirements/tset.txt\n"
