"""NRQL as text: what a query says of itself, and what has to be added before it is asked.

Only clauses that stand outside quotes, comments and parentheses are looked at; subqueries keep their own. The language
is read in New Relic's own reference (docs.newrelic.com, "NRQL syntax, clauses, and functions").
"""

import re
from dataclasses import dataclass
from typing import Self

EVENTS = "repaveEvents"
"""The column that tells how many events a bucket is made of. With TIMESERIES, NRQL fills buckets without any: a count
of 0 there was not counted but made up."""

MOST_ROWS = 5_000
"""Facets in one answer, LIMIT MAX; 10 where a query does not say."""

MOST_BUCKETS = 366

_CLAUSE = re.compile(
    r"(?<![\w.`])(SELECT|FROM|WHERE|FACET|SINCE|UNTIL|TIMESERIES|LIMIT|COMPARE|WITH|ORDER|EXTRAPOLATE|SLIDE|SHOW)(?![\w.])",
    re.IGNORECASE,
)
_PIECE = re.compile(
    r"--[^\n]*|//[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|['\"`()]|/\*", re.DOTALL
)
_OURS = ("SINCE", "UNTIL", "TIMESERIES", "COMPARE", "SLIDE")


@dataclass(frozen=True, slots=True)
class Nrql:
    """A query without its comments, and where its own clauses begin."""

    text: str
    clauses: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Raises ValueError with a phrase that says what is wrong with it."""
        bare, mask = _without_comments(text)
        clauses = tuple((found[1].upper(), found.start()) for found in _CLAUSE.finditer(mask))
        words = [word for word, _ in clauses]
        if words.count("SELECT") != 1 or words.count("FROM") != 1:
            raise ValueError("must be NRQL with one SELECT and one FROM")
        if any(word in words for word in _OURS):
            own = next(word for word in words if word in _OURS)
            raise ValueError(f"must leave {own} out: the rule and its period say which time is asked about")
        if ";" in mask:
            raise ValueError("must be one query, without ';'")
        return cls(bare.strip(), clauses)

    @property
    def names_instances(self) -> bool:
        """Whether it has a FACET."""
        return self._has("FACET")

    @property
    def limit(self) -> int:
        """How many facets its answer can have."""
        if not self._has("LIMIT"):
            return MOST_ROWS
        _, start = next(clause for clause in self.clauses if clause[0] == "LIMIT")
        found = re.match(r"LIMIT\s+([0-9]{1,9})", self.text[start:], re.IGNORECASE)
        return min(int(found[1]), MOST_ROWS) if found else MOST_ROWS

    def over(self, since_seconds: int, until_seconds: int, period_seconds: int) -> str:
        """The query about a span in Unix time, in buckets of a period, each with the number of its events."""
        text = self.text
        if EVENTS.lower() not in text.lower():
            end = self._end_of_select()
            text = f"{text[:end].rstrip()}, count(*) AS {EVENTS} {text[end:]}".rstrip()
        limit = " LIMIT MAX" if self.names_instances and not self._has("LIMIT") else ""
        window = f"SINCE {since_seconds * 1000} UNTIL {until_seconds * 1000}"
        return f"{text}{limit} {window} TIMESERIES {period_seconds} SECONDS"

    def _has(self, word: str) -> bool:
        return any(clause == word for clause, _ in self.clauses)

    def _end_of_select(self) -> int:
        starts = [start for _, start in self.clauses]
        select = next(start for word, start in self.clauses if word == "SELECT")
        return next((start for start in starts if start > select), len(self.text))


def _without_comments(text: str) -> tuple[str, str]:
    """The text without comments, and the same with all that is quoted or in parentheses blanked out.

    Raises ValueError with a phrase.
    """
    bare = mask = ""
    depth = place = 0
    text = text.strip()
    for found in _PIECE.finditer(text):
        between, piece = text[place : found.start()], found[0]
        bare, mask = bare + between, mask + (between if depth == 0 else " " * len(between))
        place = found.end()
        if piece in ("'", '"', "`", "/*"):
            raise ValueError("must close every quote and comment that it opens")
        if piece.startswith(("--", "//", "/*")):
            bare, mask = f"{bare} ", f"{mask} "
            continue
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if depth < 0:
            raise ValueError("must open every parenthesis that it closes")
        bare, mask = bare + piece, mask + " " * len(piece)
    if depth:
        raise ValueError("must close every parenthesis that it opens")
    return bare + text[place:], mask + text[place:]
