"""Enough of the Logs Insights query language for the world to answer honestly, and to refuse the rest.

`fields`, `filter FIELD [not] like /.../`, `parse FIELD /...(?<name>...).../`, `stats count(...), max(...) by FIELD`,
`sort`, `limit`: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Event = dict[str, str]
"""A line, or a row, by field; a field that it does not have is not there."""

COMMANDS = re.compile(r"(?:/(?:\\.|[^/\\])*/|\"(?:\\.|[^\"\\])*\"|[^|/\"])+")
LIKE = re.compile(r"filter\s+(?P<field>\S+)\s+(?P<no>not\s+)?like\s+/(?P<regex>.*)/", re.DOTALL)
PARSE = re.compile(r"parse\s+(?P<field>\S+)\s+/(?P<regex>.*)/", re.DOTALL)
STATS = re.compile(r"stats\s+(?P<what>.+?)\s+by\s+(?P<by>\S+)", re.DOTALL)
AGGREGATE = re.compile(r"(?P<function>count|max|min)\((?P<field>[^)]*)\)(?:\s+as\s+(?P<name>\w+))?")
SORT = re.compile(r"sort\s+(?P<field>\S+)(?:\s+(?P<order>asc|desc))?")
LIMIT = re.compile(r"limit\s+(?P<most>\d+)")
FIELDS = re.compile(r"(?:fields|display)\s+(?P<names>.+)", re.DOTALL)

T = TypeVar("T")


class MalformedQuery(ValueError):
    """Not in the part of the language that the world knows."""


def run(query: str, events: Iterable[Event]) -> list[Event]:
    """The rows of a query. Raises MalformedQuery."""
    rows = list(events)
    for command in COMMANDS.findall(query):
        rows = list(_apply(command.strip(), rows))
    return rows


def _apply(command: str, rows: list[Event]) -> Iterable[Event]:
    if found := LIKE.fullmatch(command):
        regex, wanted = _regex(found["regex"]), not found["no"]
        return (row for row in rows if bool(regex.search(row.get(found["field"], ""))) is wanted)
    if found := PARSE.fullmatch(command):
        regex = _regex(found["regex"])
        if not regex.groupindex or regex.groups != len(regex.groupindex):
            raise MalformedQuery("parse needs named groups, and no others")
        return (_parsed(row, regex, found["field"]) for row in rows)
    if found := STATS.fullmatch(command):
        return _stats(rows, found["what"], found["by"].strip("`"))
    if found := SORT.fullmatch(command):
        return sorted(rows, key=lambda row: _number(row.get(found["field"], "")), reverse=found["order"] == "desc")
    if found := LIMIT.fullmatch(command):
        return rows[: int(found["most"])]
    if found := FIELDS.fullmatch(command):
        names = [name.strip() for name in found["names"].split(",")]
        return ({name: row[name] for name in (*row, *names) if name in row} for row in rows)
    raise MalformedQuery(f"unexpected symbol found at: {command[:60]}")


def _regex(text: str) -> re.Pattern[str]:
    try:
        return re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", text))
    except re.error as error:
        raise MalformedQuery(f"invalid regular expression: {error}") from None


def _parsed(row: Event, regex: re.Pattern[str], field: str) -> Event:
    found = regex.search(row.get(field, ""))
    return row | {name: value for name, value in found.groupdict().items() if value is not None} if found else row


def _stats(rows: list[Event], what: str, by: str) -> Iterator[Event]:
    wanted = [found.groupdict() for found in AGGREGATE.finditer(what)]
    if not wanted or AGGREGATE.sub("", what).strip(" ,"):
        raise MalformedQuery(f"unexpected symbol found at: {what[:60]}")
    groups: dict[str, list[Event]] = {}
    for row in rows:
        groups.setdefault(row.get(by, ""), []).append(row)
    for value, some in groups.items():
        counted = {one["name"] or one["function"]: _aggregate(one["function"], one["field"], some) for one in wanted}
        yield {by: value, **{name: text for name, text in counted.items() if text}}


def _aggregate(function: str, field: str, rows: list[Event]) -> str:
    values = [row[field] for row in rows if field in row]
    if function == "count":
        return str(len(rows) if field in ("", "*") else len(values))
    pick: Callable[..., str] = max if function == "max" else min
    return pick(values, key=_number) if values else ""


def _number(text: str) -> tuple[float, str]:
    try:
        return float(text), ""
    except ValueError:
        return float("inf"), text
