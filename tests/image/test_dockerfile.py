"""The Dockerfile by its linters, and what they say of mistakes planted in it."""

import subprocess
from pathlib import Path

import pytest

from tests.house.project import ROOT

TOOLS = ROOT / ".venv-deploy/bin"
DOCKERFILE = ROOT / "Dockerfile"


@pytest.fixture(scope="session")
def deploy_tools() -> None:
    """`.venv-deploy`, as it has to be."""
    subprocess.run([ROOT / "tools/deploy_tools.sh"], check=True, timeout=110)


def hadolint(path: Path) -> str:
    """What it complains of; nothing is ignored."""
    return subprocess.run([TOOLS / "hadolint", "--no-fail", path], capture_output=True, text=True, check=True).stdout


def checkov(path: Path) -> tuple[int, str]:
    command: list[str | Path] = [
        TOOLS / "checkov",
        "--framework=dockerfile",
        "--skip-download",
        "--compact",
        "--quiet",
        f"--file={path}",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent)
    return ran.returncode, ran.stdout + ran.stderr


def test_hadolint_has_nothing_to_say(deploy_tools: None) -> None:
    assert hadolint(DOCKERFILE) == ""


def test_checkov_has_nothing_to_say(deploy_tools: None) -> None:
    code, said = checkov(DOCKERFILE)
    assert code == 0, said


def test_planted_mistakes_are_seen(deploy_tools: None, tmp_path: Path) -> None:
    """Root, no user and no health check, a base without a version."""
    text = DOCKERFILE.read_text(encoding="utf-8")
    spoiled = tmp_path / "Dockerfile"
    spoiled.write_text(text.replace("USER 65532:65532", "USER root"), encoding="utf-8")
    assert "DL3002" in hadolint(spoiled)
    without = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("HEALTHCHECK", "USER")))
    spoiled.write_text(without, encoding="utf-8")
    code, said = checkov(spoiled)
    assert code == 1
    assert {"CKV_DOCKER_2", "CKV_DOCKER_3"} <= set(said.replace(":", " ").split())
    spoiled.write_text(text.replace("FROM ${BASE_IMAGE}", "FROM python:latest"), encoding="utf-8")
    assert "DL3007" in hadolint(spoiled)


@pytest.mark.parametrize(
    ("base", "words"),
    [("", "say what to build on"), ("python:3.13-slim", "has no digest"), ("python", "ALLOW_UNPINNED=1")],
)
def test_a_base_without_a_digest_is_refused(base: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_IMAGE", base)
    monkeypatch.delenv("ALLOW_UNPINNED", raising=False)
    ran = subprocess.run([ROOT / "tools/image.sh"], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert words in ran.stderr
