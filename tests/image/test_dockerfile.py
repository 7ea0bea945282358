"""The Dockerfile by its linters, and what they say of mistakes planted in it."""

import json
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


@pytest.fixture(scope="module")
def judged(deploy_tools: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, set[str]]]:
    """What checkov says of the Dockerfile (`good`) and of one without user and health check (`spoiled`): the checks of
    each outcome. Both at once, because it takes long to start."""
    spoiled = tmp_path_factory.mktemp("spoiled") / "Dockerfile"
    lines = DOCKERFILE.read_text(encoding="utf-8").splitlines(keepends=True)
    spoiled.write_text("".join(one for one in lines if not one.startswith(("HEALTHCHECK", "USER"))), encoding="utf-8")
    files = {"good": str(DOCKERFILE), "spoiled": str(spoiled)}
    command: list[str | Path] = [
        TOOLS / "checkov",
        "--framework=dockerfile",
        "--skip-download",
        "--output=json",
        "--file",
    ]
    ran = subprocess.run([*command, *files.values()], capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    results = json.loads(ran.stdout)["results"]
    assert results["parsing_errors"] == []
    return {
        name: {
            outcome: {one["check_id"] for one in results[f"{outcome}_checks"] if one["file_abs_path"] == file}
            for outcome in ("passed", "failed")
        }
        for name, file in files.items()
    }


def test_hadolint_has_nothing_to_say(deploy_tools: None) -> None:
    assert hadolint(DOCKERFILE) == ""


def test_checkov_has_nothing_to_say(judged: dict[str, dict[str, set[str]]]) -> None:
    assert {"CKV_DOCKER_2", "CKV_DOCKER_3"} <= judged["good"]["passed"]
    assert judged["good"]["failed"] == set()


def test_checkov_sees_planted_mistakes(judged: dict[str, dict[str, set[str]]]) -> None:
    """No health check and no user."""
    assert {"CKV_DOCKER_2", "CKV_DOCKER_3"} <= judged["spoiled"]["failed"]


def test_hadolint_sees_planted_mistakes(deploy_tools: None, tmp_path: Path) -> None:
    """Root, and a base without a version."""
    text = DOCKERFILE.read_text(encoding="utf-8")
    spoiled = tmp_path / "Dockerfile"
    spoiled.write_text(text.replace("USER 65532:65532", "USER root"), encoding="utf-8")
    assert "DL3002" in hadolint(spoiled)
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
