"""Tokens are read where they are kept, all problems are told at once, and no secret is shown."""

from pathlib import Path

import pytest

from controller.app.clients import SharedClients
from controller.app.tokens import resolve_tokens
from controller.clock import SystemClock
from controller.domain.errors import ConfigError
from controller.settings import AccessToken, SecretRef
from controller.web.access import Access, May


def clients() -> SharedClients:
    return SharedClients(SystemClock())


SECRET = "hunter2-0123456789abcdef"


def wanted(name: str, kind: str, where: str, may: str = "read") -> AccessToken:
    return AccessToken(name, SecretRef(kind, where), may)


async def test_from_the_environment_and_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", SECRET)
    path = tmp_path / "token"
    path.write_text("other-0123456789abcdef\n")
    tokens = await resolve_tokens(
        [wanted("bob", "env", "A_TOKEN"), wanted("alice", "file", str(path), "operate")], clients()
    )
    access = Access(SystemClock(), tokens)
    assert access.bearer(f"Bearer {SECRET}", "", May.READ) == "bob"
    assert access.bearer("Bearer other-0123456789abcdef", "", May.OPERATE) == "alice"


async def test_all_problems_are_told_at_once_and_no_secret_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT", "hunter2")
    monkeypatch.setenv("ONE", SECRET)
    (tmp_path / "odd").write_bytes(b"\xff\xfe hunter2")
    refs = [
        wanted("a", "env", "SHORT"),
        wanted("b", "env", "UNSET"),
        wanted("c", "file", str(tmp_path / "absent")),
        wanted("d", "file", str(tmp_path / "odd")),
        wanted("e", "env", "ONE"),
        wanted("f", "env", "ONE"),
    ]
    with pytest.raises(ConfigError) as caught:
        await resolve_tokens(refs, clients())
    assert "hunter2" not in str(caught.value)
    told = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in told[1:4]] == [f"the API token of {name}" for name in "bcd"]
    assert told[0] == "the API token of a ({env: SHORT}) is not 16 to 512 characters long."
    assert "UNSET" in told[1]
    assert "cannot be read (No such file or directory)" in told[2]
    assert told[-1] == "the API token of f is the same as another's: each person has their own."
