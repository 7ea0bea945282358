"""NRQL as text: what is added, and what is left to the rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes._nrql_text import Nrql

WINDOW = "SINCE 60000 UNTIL 240000 TIMESERIES 60 SECONDS"


def over(text: str) -> str:
    return Nrql.of(text).over(60, 240, 60)


COUNTED = ", count(*) AS repaveEvents"
ERRORS = "SELECT percentage(count(*), WHERE error IS true){} FROM T WHERE name = 'since \\' until' FACET host{}"
INNER = "SELECT max(n){} FROM (SELECT count(*) AS n FROM T FACET host LIMIT 9 SINCE 1 day ago) FACET `limit`{}"


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        ("SELECT max(x){} FROM T{}", ""),
        ("SELECT max(x){} FROM T FACET host{}", " LIMIT MAX"),
        ("SELECT max(x){} FROM T FACET host LIMIT 7{}", ""),
        ("FROM T SELECT max(x){} WHERE a = 1 FACET host{}", " LIMIT MAX"),
        ("from T select max(x){}{}", ""),
        (ERRORS, " LIMIT MAX"),
        (INNER, " LIMIT MAX"),
    ],
)
def test_the_window_the_limit_and_the_number_of_events_are_added(query: str, limit: str) -> None:
    assert over(query.format("", "")) == f"{query.format(COUNTED, limit)} {WINDOW}"


def test_comments_are_left_out_and_a_number_of_events_that_is_there_stays() -> None:
    query = over("SELECT max(x) -- the worst\nFROM T /* since */ // until")
    assert " ".join(query.split()) == f"SELECT max(x){COUNTED} FROM T {WINDOW}"
    assert over("SELECT count(*) AS repaveEvents FROM T") == f"SELECT count(*) AS repaveEvents FROM T {WINDOW}"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT max(x) FROM T SINCE 1 hour ago", "leave SINCE out"),
        ("SELECT max(x) FROM T until now", "leave UNTIL out"),
        ("SELECT max(x) FROM T TIMESERIES", "leave TIMESERIES out"),
        ("SELECT max(x) FROM T COMPARE WITH 1 day ago", "leave COMPARE out"),
        ("SELECT max(x) FROM T SLIDE BY 1 minute", "leave SLIDE out"),
        ("up == 1", "one SELECT and one FROM"),
        ("SELECT 1", "one SELECT and one FROM"),
        ("SELECT max(x) FROM T; SELECT 1 FROM T", "one SELECT"),
        ("SELECT max(x) FROM T;", "without ';'"),
        ("SELECT max(x FROM T", "close every parenthesis"),
        ("SELECT max(x)) FROM T", "open every parenthesis"),
        ("SELECT max(x) FROM T WHERE a = 'b", "close every quote"),
        ("SELECT max(x) FROM T /* b", "close every quote and comment"),
    ],
)
def test_what_is_not_one_whole_query_or_brings_its_own_time_is_refused(query: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Nrql.of(query)


@pytest.mark.parametrize("name", ["since", "a.since", "`since`", "sinceWhen", "untilX"])
def test_an_attribute_is_not_a_clause_unless_it_is_called_just_like_one(name: str) -> None:
    query = f"SELECT max(x) FROM T WHERE {name} = 1"
    if name == "since":
        with pytest.raises(ValueError, match="SINCE"):
            Nrql.of(query)
    else:
        assert over(query).endswith(WINDOW)


def test_how_many_facets_an_answer_can_have() -> None:
    limits = {"": 5_000, " LIMIT 7": 7, " LIMIT MAX": 5_000, " LIMIT 99999": 5_000, " limit 20": 20}
    for clause, limit in limits.items():
        assert Nrql.of(f"SELECT max(x) FROM T FACET host{clause}").limit == limit


WORDS = st.sampled_from("SELECT FROM FACET SINCE LIMIT max(x) T ' \" ` ( ) -- // /* */ \n , ; \\ \ud800 x".split(" "))


@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_any_text_is_a_query_or_is_refused_in_a_phrase(text: str) -> None:
    refusal = ""
    try:
        query = Nrql.of(text).over(60, 240, 60)
    except ValueError as error:
        query, refusal = "", str(error)
    assert query.endswith(WINDOW) if query else refusal.startswith("must ")
