"""A term or a regular expression of the operator's, turned safely into what CloudWatch Logs, and Python, understand.

`Out of memory` is a term: those characters, anywhere in a line. `/oom|out of memory/` is a regular expression.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from controller.clients.option_types import expected

SPECIAL = frozenset(r"\.^$|?*+()[]{}/")
IN_HEX = frozenset("#\"'`%")
"""What may mean something to the query around the expression: a comment, the end of a text."""

IN_PATTERNS = re.compile(r"[A-Za-z0-9:_#=@/;,\-^$?\[\]{}|\\*+.]+")
"""All that a regular expression in a filter pattern may be made of; it knows no blanks and no brackets.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html"""


@dataclass(frozen=True, slots=True)
class Match:
    """What lines are looked for.

    insights: a regular expression for `/.../` in Logs Insights. pattern: a filter pattern that finds at least these
    lines; empty where there is none. local: the same for our own eyes.
    """

    insights: str
    pattern: str
    local: re.Pattern[str]

    @classmethod
    def of(cls, text: str) -> "Match":
        """Raises ValueError with what is wrong about the text."""
        if not text.isprintable():
            raise ValueError("one line of printable text")
        if len(text) > 2 and text.startswith("/") and text.endswith("/"):
            return _regular(text[1:-1])
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        return cls("".join(map(_literal, text)), f'"{quoted}"', re.compile(re.escape(text)))


def _literal(character: str) -> str:
    if character in IN_HEX:
        return f"\\x{ord(character):02x}"
    return f"\\{character}" if character in SPECIAL else character


def _regular(expression: str) -> Match:
    if re.search(r"\(\?P?<(?![=!])|\(\?P=|\\[1-9]", expression):
        raise ValueError("a regular expression without named groups and without references back")
    try:
        local = re.compile(expression)
    except re.error as error:
        raise ValueError(f"a regular expression, and this is none: {error}") from None
    if local.search(""):
        raise ValueError("a regular expression that does not match every line")
    pattern = f"%{expression}%" if IN_PATTERNS.fullmatch(expression) else ""
    return Match(_ungrouped(expression), pattern, local)


def _ungrouped(expression: str) -> str:
    """With groups that capture nothing, since in `parse` only named ones may, and nothing that ends the expression."""
    made, escaped, in_class = [], False, False
    for place, character in enumerate(expression):
        if escaped or character == "\\":
            escaped = not escaped
            made.append(character)
        elif character == "/":
            made.append("\\/")
        elif character in IN_HEX:
            made.append(_literal(character))
        elif character == "(" and not in_class and expression[place + 1 : place + 2] != "?":
            made.append("(?:")
        else:
            in_class = (character == "[" or in_class) and character != "]"
            made.append(character)
    return "".join(made)


def _checked(text: str) -> str:
    try:
        Match.of(text)
    except ValueError as error:
        raise expected(f"must be {error}") from None
    return text


MatchText = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_checked)]
"""The option of a probe that says what lines are looked for."""
