"""What an operator looks for, in the languages of CloudWatch Logs: safe, and the same in each of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.demo.world.insights import run
from probes._log_match import Match
from probes._log_query import Question
from tests.probes.fleet import NOW

PRINTABLE = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)


def matched(match: Match, *messages: str) -> int:
    """How many of these the whole query counts, by the world's own reading of the language."""
    question = Question("/g", "@logStream", match.insights, NOW, NOW)
    events = [{"@message": message, "@logStream": "i-0a", "@timestamp": "1"} for message in messages]
    (row,) = run(question.text, events)
    assert row["lines"] == str(len(messages))
    return int(row["matched"])


@given(PRINTABLE.filter(lambda text: not (len(text) > 2 and text[0] == text[-1] == "/")), PRINTABLE)
def test_a_term_finds_itself_whatever_it_is_made_of(term: str, other: str) -> None:
    expected = 1 + (term in other)
    assert matched(Match.of(term), f"before {term} after", other) == expected


@pytest.mark.parametrize("term", ["a|b", 'say "no" /* # `x` */', "50% (of 100)", "C:\\temp\\x", "[ERROR]", "$HOME/.*"])
def test_a_term_is_quoted_as_a_filter_pattern(term: str) -> None:
    match = Match.of(term)
    assert match.pattern[0] == match.pattern[-1] == '"'
    assert re.sub(r"\\(.)", r"\1", match.pattern[1:-1]) == term
    assert match.local.search(f"x{term}y")


@pytest.mark.parametrize(
    ("text", "insights", "pattern"),
    [
        ("/ERROR|FATAL/", "ERROR|FATAL", "%ERROR|FATAL%"),
        ("/out (of|without) memory/", "out (?:of|without) memory", ""),
        (r"/\(oom\)/", r"\(oom\)", ""),
        ("/[(/]x/", r"[(\/]x", ""),
        ("/a{2}#b/", "a{2}\\x23b", "%a{2}#b%"),
        ("/(?i)oom/", "(?i)oom", ""),
        ("//", r"\/\/", '"//"'),
    ],
)
def test_a_regular_expression_between_slashes(text: str, insights: str, pattern: str) -> None:
    match = Match.of(text)
    assert (match.insights, match.pattern) == (insights, pattern)


def test_nothing_in_a_term_can_end_the_query_around_it() -> None:
    assert Match.of("""# "x" 'y' `z` / 50%|""").insights == r"\x23 \x22x\x22 \x27y\x27 \x60z\x60 \/ 50\x25\|"


def test_groups_do_not_get_in_the_way() -> None:
    assert matched(Match.of("/(oom|out (of) memory)/"), "oom", "out of memory", "fine") == 2


@pytest.mark.parametrize(
    "text", ["/(/", "/(?<a>x)/", "/(?P<a>x)/", r"/(a)\1/", "/.*/", "/x?/", "two\nlines", "bell\a", "/a{2/b[/"]
)
def test_what_cannot_be_looked_for_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="regular expression|one line"):
        Match.of(text)
