"""How a running demo is shown: a live table on a terminal, a line per news in a pipe, or not at all."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from controller.cli.decide import COLUMNS, instance_row
from controller.cli.layout import Row, lines
from controller.cli.output import NOTHING, console, styled

KEPT_SENTENCES = 3

Rows = Sequence[Mapping[str, Any]]

REPLACEMENT_COLUMNS = ("REPLACEMENT", "PREDECESSOR", "SUCCESSOR", "STANDS AT", "VERIFIED", "CAUSES")


class Quiet:
    """Shows nothing: standard output is for the JSON document."""

    def say(self, sentence: str) -> None:
        """Something that is going on."""

    def tick(self, sentence: str) -> None:
        """What the daemon's last look came to."""

    def draw(self, instances: Rows, replacements: Rows) -> None:
        """How things stand: rows of `get instances` and `get replacements`."""

    def close(self) -> None:
        """Nothing more will be drawn."""


class Script(Quiet):
    """A line whenever the daemon has something new to say, and whenever a replacement gets on."""

    def __init__(self) -> None:
        self._out = console()
        self._said: dict[str, str] = {}

    def say(self, sentence: str) -> None:
        """Print it."""
        self._out.print(sentence, markup=False)

    def tick(self, sentence: str) -> None:
        """Print it, if it is new."""
        self._news("tick", sentence)

    def draw(self, instances: Rows, replacements: Rows) -> None:
        """Print where each replacement stands, if that is new."""
        del instances
        for item in reversed(replacements):
            successor = f" by {item['successor']}" if item["successor"] else ""
            stands = item["outcome"] or item["phase"]
            self._news(item["id"], f"{item['id']}: {item['predecessor']}{successor}: {stands}")

    def _news(self, about: str, sentence: str) -> None:
        if self._said.get(about) != sentence:
            self._said[about] = sentence
            self.say(sentence)


class Board(Quiet):
    """The fleet, its replacements and the last sentences, redrawn in place."""

    def __init__(self, out: Console | None = None) -> None:
        self._live = Live(console=out or console(), auto_refresh=False)
        self._sentences: deque[str] = deque(maxlen=KEPT_SENTENCES)

    def say(self, sentence: str) -> None:
        """Print it above what is drawn."""
        self._live.console.print(sentence, markup=False)

    def tick(self, sentence: str) -> None:
        """Keep it among the last sentences, if it is new."""
        if not self._sentences or self._sentences[-1] != sentence:
            self._sentences.append(sentence)

    def draw(self, instances: Rows, replacements: Rows) -> None:
        """Redraw everything."""
        width = self._live.console.width
        parts = lines(COLUMNS, [instance_row(item) for item in instances], width)
        if replacements:
            parts += [Text(), *lines(REPLACEMENT_COLUMNS, [_replacement(item) for item in replacements], width)]
        parts += [Text(), *(Text(sentence, style="dim") for sentence in self._sentences), Text()]
        if not self._live.is_started:
            self._live.start()
        self._live.update(Group(*parts), refresh=True)

    def close(self) -> None:
        """Leave the last drawing where it is."""
        if self._live.is_started:
            self._live.stop()


def _replacement(item: Mapping[str, Any]) -> Row:
    return (
        item["id"],
        item["predecessor"],
        item["successor"] or NOTHING,
        styled(item["outcome"]) if item["outcome"] else item["phase"],
        styled(item["verification"]),
        ", ".join(item["causes"]),
    )
