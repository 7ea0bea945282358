"""Every configuration that deploy/ carries is one that `repave validate` takes without a word of warning."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.house.project import ROOT

FILLED_IN = {
    "${shop_role_arn}": "arn:aws:iam::444455556666:role/platform/repave-prod-member",
    "${external_id}": "0a1b2c3d4e5f",
}
ON_ECS = {"ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/0a1b"}
SECRETS = {"REPAVE_TOKEN": "0123456789abcdef0123", "NEW_RELIC_API_KEY": "0123456789abcdef0123"}


@pytest.mark.parametrize("path", sorted((ROOT / "deploy").rglob("repave.yaml")), ids=lambda path: path.parent.name)
def test_it_is_valid(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for placeholder, value in FILLED_IN.items():
        text = text.replace(placeholder, value)
    copy = tmp_path / "repave.yaml"
    token = tmp_path / "token"
    token.write_text(SECRETS["REPAVE_TOKEN"], encoding="utf-8")
    copy.write_text(text.replace("/run/secrets/repave_token", str(token)), encoding="utf-8")
    on_ecs = ON_ECS if "terraform" in path.relative_to(ROOT).parts else {}
    done = subprocess.run(
        [ROOT / ".venv/bin/repave", "validate", copy],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **SECRETS, **on_ecs},
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "warning" not in done.stdout.lower()


def test_there_are_three() -> None:
    assert len(list((ROOT / "deploy").rglob("repave.yaml"))) == 3
