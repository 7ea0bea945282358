"""The module in a copy, and the real terraform over it, with the AWS provider's schema in place of the provider."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.iam import PATIENCE_SECONDS
from tests.house.project import ROOT

NOT_COPIED = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl")


@dataclass(frozen=True)
class Module:
    """A copy of deploy/, of which `folder` below terraform/ has been initialised."""

    root: Path
    folder: str = "."

    @property
    def path(self) -> Path:
        return self.root / "terraform" / self.folder

    def plant(self, name: str, before: str, after: str) -> None:
        """Change one passage of a file of the module, which must be there once."""
        place = self.path / name
        text = place.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times in {name}"
        place.write_text(text.replace(before, after), encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """terraform with these arguments, in the folder. What it prints to both streams is in stdout."""
        return terraform(self.path, *arguments)


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / ".venv/bin/python"), str(ROOT / "tools/terraform_offline"), f"-chdir={folder}", *arguments]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_SECONDS, check=False
    )


@pytest.fixture(scope="session")
def deploy_tools() -> None:
    """`.venv-deploy`, and terraform itself."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    subprocess.run([ROOT / "tools/deploy_tools.sh"], check=True, timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def initialised(deploy_tools: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of deploy/ in which every folder with a configuration has been through `terraform init`."""
    root = tmp_path_factory.mktemp("deploy")
    for name in ("terraform", "iam"):
        shutil.copytree(ROOT / "deploy" / name, root / name, ignore=NOT_COPIED)
    for folder in FOLDERS:
        done = terraform(root / "terraform" / folder, "init", "-no-color", "-input=false")
        assert done.returncode == 0, done.stdout
    return root


FOLDERS = (".", "modules/member-role", "examples/minimal", "examples/complete")


@pytest.fixture
def module(initialised: Path, tmp_path: Path) -> Callable[[str], Module]:
    """Another copy, to break: `module(".")`, `module("modules/member-role")`."""
    copy = tmp_path / "deploy"
    shutil.copytree(initialised, copy, symlinks=True)
    return lambda folder: Module(copy, folder)
