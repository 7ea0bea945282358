"""The journal's address, kept as a secret: read where it is, checked like one that is written down, and never told."""

from pathlib import Path

import pytest

from controller.app.build import shared_clients
from controller.app.state import opened_journal, resolved
from controller.clock import SystemClock
from controller.domain.errors import ConfigError, JournalUnavailable
from controller.settings import SecretRef, StateAddress

ADDRESS = "postgresql://ana:hunter2@127.0.0.1:1/repave"


async def found(reference: StateAddress | SecretRef) -> StateAddress:
    async with shared_clients(SystemClock()) as clients:
        return await resolved(reference, clients)


async def test_an_address_may_be_kept_in_a_variable_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_STATE", ADDRESS)
    (tmp_path / "state").write_text(f"{ADDRESS}\n")
    for reference in (SecretRef("env", "THE_STATE"), SecretRef("file", str(tmp_path / "state"))):
        assert await found(reference) == StateAddress(ADDRESS)
    assert await found(StateAddress("sqlite:///repave.db")) == StateAddress("sqlite:///repave.db")


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("", r"state: the secret \{env: THE_STATE\} is not there, or empty\."),
        ("mysql://ana:hunter2@db", r"state: what \{env: THE_STATE\} holds must be sqlite:///PATH, postgresql://"),
        ("postgresql://ana:hunter2@db", r"state: what \{env: THE_STATE\} holds must name a host and one database"),
        ("sqlite:///hunter2.db", r"state: \{env: THE_STATE\} holds the name of a file; that is no secret"),
    ],
)
async def test_what_is_no_address_is_refused_without_telling_it(
    kept: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_STATE", kept)
    with pytest.raises(ConfigError, match=told) as caught:
        await found(SecretRef("env", "THE_STATE"))
    assert "hunter2" not in str(caught.value)


async def test_a_journal_that_is_kept_as_a_secret_is_opened_and_its_trouble_tells_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THE_STATE", ADDRESS)
    async with shared_clients(SystemClock()) as clients:
        with pytest.raises(JournalUnavailable) as caught:
            async with opened_journal(SecretRef("env", "THE_STATE"), clients):
                pytest.fail("nobody listens on port 1")
    assert str(caught.value) == "The journal postgresql://127.0.0.1:1/repave cannot be used: it cannot be reached."
