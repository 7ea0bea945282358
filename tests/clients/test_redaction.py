"""What may be a secret does not show, and what is none does."""

import pytest

from controller.clients.redaction import arguments, environment, readable, redacted, scrub


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://ann:hunter2@example.org/x", "GET https://[redacted]@example.org/x"),
        ("Authorization: Bearer hunter2hunter2", "Authorization: Bearer [redacted]"),
        ("password=hunter2, user=ann", "password=[redacted], user=ann"),
        ('{"db_password": "hunter2 hunter2", "user": "ann"}', '{"db_password": [redacted], "user": "ann"}'),
        ("api_key: 'hunter2'", "api_key: [redacted]"),
        ("psql --password hunter2 -h db", "psql --password [redacted] -h db"),
        ("app --db-token=hunter2 --port 80", "app --db-token=[redacted] --port 80"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key [redacted] used"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "got [redacted]"),
        ("pushed with ghp_0123456789abcdefghij", "pushed with [redacted]"),
        ("-----BEGIN RSA PRIVATE KEY-----MIIEow", "[redacted]"),
    ],
)
def test_a_text_is_shown_without_its_secrets(text: str, shown: str) -> None:
    assert scrub(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "the tokenizer read 5 words",
        "/usr/local/lib/python3.11/secretstorage.py",
        "error: no password given",
        "a=1 b=2",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrub(text) == text


def test_a_variable_is_judged_by_its_name_and_by_its_value() -> None:
    said = [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin1",
        "DB_PASSWORD=hunter2",
        "HONEYBADGER=8f14e45fceea167a5a36dedd4bea2543",
        "STRIPE=sk-live_0123456789abcdef",
        "GREETING=hello world",
        "SECRET=",
        "ODD",
    ]
    assert environment(said) == [
        said[0],
        "DB_PASSWORD=[redacted]",
        "HONEYBADGER=[redacted]",
        "STRIPE=[redacted]",
        said[4],
        "SECRET=",
        "ODD",
    ]


def test_the_word_behind_a_flag_is_the_secret() -> None:
    assert arguments(["app", "--password", "hunter2", "--api-key=x1", "--verbose"]) == [
        "app",
        "--password",
        "[redacted]",
        "--api-key=[redacted]",
        "--verbose",
    ]


def test_a_document_is_walked_to_its_bottom_and_no_further() -> None:
    deep: object = "bottom"
    for _ in range(40):
        deep = {"in": deep}
    assert "[too deep]" in str(redacted("", deep))
    told = {
        "Env": ["A_TOKEN=x"],
        "token": 5,
        "tokens": [],
        "Secret": None,
        "list": [{"passwd": "x"}],
        "n": float("nan"),
    }
    assert redacted("", told) == {
        "Env": ["A_TOKEN=[redacted]"],
        "token": "[redacted]",
        "tokens": [],
        "Secret": None,
        "list": [{"passwd": "[redacted]"}],
        "n": "nan",
    }


def test_a_line_is_short_and_moves_no_cursor() -> None:
    shown = readable("a\x1b[2J\n" + "b" * 1000)
    assert shown.isprintable()
    assert len(shown) <= 303


def test_long_texts_cost_no_more_than_their_length() -> None:
    """No pattern may go back over what it has read: a line of a log can be whatever somebody wrote."""
    for letter in ("a", "-", "=", " ", "token", "token ", "--a-", "eyJ", '"', "0Aa"):
        scrub(letter * (200_000 // len(letter)))
        environment([f"X={letter * (200_000 // len(letter))}"])
