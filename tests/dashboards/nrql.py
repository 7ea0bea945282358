"""Reads NRQL as far as is needed to know which events and which attributes a query names. There is no engine of it
here: what a query answers is not known until it is asked in an account (docs/unproven.md)."""

import re
from dataclasses import dataclass

KEYWORDS = {
    *("SELECT", "FROM", "WHERE", "AND", "OR", "IS", "NOT", "NULL", "LIKE", "IN", "AS"),
    *("FACET", "TIMESERIES", "SINCE", "LIMIT", "MAX", "ago", "minutes", "day"),
}
FUNCTIONS = {"count", "latest", "max", "min", "percentile", "uniques"}

LITERALS = re.compile(r"'[^']*'|\{\{\w+\}\}")
WORD = re.compile(r"[A-Za-z_][\w.]*")


@dataclass(frozen=True)
class Nrql:
    """One query. root: of spans, what their name begins with, such as `replace`."""

    kind: str
    root: str
    attributes: frozenset[str]
    functions: frozenset[str]
    aliases: frozenset[str]


def read(query: str) -> Nrql:
    """Raises ValueError where it does not look like one select from one kind of event."""
    bare = LITERALS.sub(" ", query)
    kinds = re.findall(r"\bFROM (\w+)", bare)
    if (
        not query.startswith("SELECT ")
        or len(kinds) != 1
        or query.count("(") != query.count(")")
        or query.count("'") % 2
    ):
        raise ValueError(f"this is no NRQL: {query}")
    functions = frozenset(re.findall(r"\b([a-z]\w*)\(", bare))
    words = set(WORD.findall(re.sub(r"\b[a-z]\w*\(", "(", bare)))
    root = re.search(r"name LIKE '(\w+) %'", query)
    named = frozenset(words - KEYWORDS - set(kinds))
    return Nrql(kinds[0], root[1] if root else "", named, functions, frozenset(re.findall(r"AS '([^']*)'", query)))
