"""Where the journal may live, and that nothing shows a password on the way."""

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from controller.settings import SecretRef, StateAddress
from controller.settings.state import StateSetting

STATE: TypeAdapter[StateAddress | SecretRef] = TypeAdapter(StateSetting)

GOOD = {
    "sqlite:///repave.db": "sqlite:///repave.db",
    "sqlite:////var/lib/repave/journal.db": "sqlite:////var/lib/repave/journal.db",
    "postgresql://db.example.org/repave": "postgresql://db.example.org/repave",
    "postgresql://ana:hunter2@db:5433/repave?sslmode=verify-full": "postgresql://db:5433/repave",
    "postgres://ana:hunter%402@[::1]/repave": "postgresql://[::1]/repave",
    "postgresql:///repave?host=/run/postgresql": "postgresql:///repave",
    "dynamodb://repave": "dynamodb://repave",
    "dynamodb://repave.prod?region=us-gov-east-1": "dynamodb://repave.prod?region=us-gov-east-1",
}


@pytest.mark.parametrize("text", GOOD)
def test_a_journal_has_an_address_which_is_shown_without_its_password(text: str) -> None:
    address = STATE.validate_python(text)
    assert isinstance(address, StateAddress)
    assert str(address) == GOOD[text]
    assert address.kind in ("sqlite", "postgresql", "dynamodb")
    assert address.url.startswith(f"{address.kind}://")
    assert "hunter" not in f"{address} {address!r} {address!s:>80}"
    assert address.has_password == ("hunter" in text)


@pytest.mark.parametrize("kind", ["env", "file", "secretsmanager"])
def test_it_may_be_kept_as_a_secret(kind: str) -> None:
    assert STATE.validate_python({kind: "REPAVE_STATE"}) == SecretRef(kind, "REPAVE_STATE")


BAD = [
    *("sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///x.db?mode=ro", "repave.db", 5, None),
    *("mysql://ana:hunter2@db/repave", "sqlite:///?x"),
    *("postgresql://", "postgresql:///repave", "postgresql://db", "postgresql://db/", "postgresql://db/one/two"),
    *("postgresql://ana:hunter2@db:port/repave", "postgresql://ana:hunter#2@db/repave", "postgresql://a:hunter 2@db/r"),
    *("postgresql://db/repave?password=hunter2", "postgresql://db/repave?sslmod=require", "postgresql://[::1/repave"),
    *(
        "dynamodb://",
        "dynamodb://ab",
        "dynamodb://table/more",
        "dynamodb://table?region=Ireland",
        "dynamodb://table?x=1",
    ),
    *({"env": ""}, {"password": "hunter2"}, {"env": "A", "file": "B"}, ["hunter2"]),
]


@pytest.mark.parametrize("value", BAD, ids=str)
def test_any_other_is_refused_and_not_repeated(value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        STATE.validate_python(value)
    ((error),) = caught.value.errors(include_input=False)
    assert "hunter" not in error["msg"]


def test_an_option_of_postgresql_that_is_misspelt_is_found() -> None:
    with pytest.raises(ValidationError, match="did you mean 'sslmode'"):
        STATE.validate_python("postgresql://db/repave?sslmod=require")


def test_the_schema_takes_what_is_taken() -> None:
    address, reference = STATE.json_schema()["anyOf"]
    assert all(re.search(address["pattern"], text) for text in GOOD if not text.startswith("postgres:"))
    assert not re.search(address["pattern"], "mysql://db")
    assert set(reference["properties"]) == {"env", "file", "secretsmanager"}
