"""The world's part of the Logs Insights query language."""

import pytest

from controller.demo.world.insights import MalformedQuery, run

EVENTS = [
    {"@timestamp": "1", "@logStream": "a", "@message": "GET / 200"},
    {"@timestamp": "2", "@logStream": "b", "@message": "GET /x|y 500"},
    {"@timestamp": "3", "@logStream": "b", "@message": "POST / 503"},
]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("filter @message like /GET/ | stats count(*) as n by @logStream", [("a", "1"), ("b", "1")]),
        ("filter @message not like /GET/ | stats count() as n by @logStream", [("b", "1")]),
        (r"filter @message like /\/x|nothing/ | stats count(*) as n by @logStream", [("b", "1")]),
        ("parse @message /(?<bad>5\\d\\d)/ | stats count(bad) as n by @logStream", [("a", "0"), ("b", "2")]),
        ("parse @message /(?<bad>5\\d\\d)/ | stats max(bad) as n by @logStream", [("a", None), ("b", "503")]),
        ("stats max(@timestamp) as n by @logStream | sort n desc | limit 1", [("b", "3")]),
        ("fields @message | stats min(@timestamp) as n by @logStream | sort n asc", [("a", "1"), ("b", "2")]),
    ],
)
def test_what_it_answers(query: str, rows: list[tuple[str, str | None]]) -> None:
    assert [(row["@logStream"], row.get("n")) for row in run(query, EVENTS)] == rows


@pytest.mark.parametrize(
    "query",
    ["dedup @message", "stats avg(x) by y", "parse @message /(x)/", "filter @message like /(/", "stats count(*) as n"],
)
def test_what_it_does_not_know_it_refuses(query: str) -> None:
    with pytest.raises(MalformedQuery):
        run(query, EVENTS)
