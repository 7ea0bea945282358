"""What is wrong with a file, and exactly where."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from controller.domain.errors import ConfigError

MAX_SHOWN = 100
"""Problems shown for one file; what is beyond is only counted."""


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A place in a text. Both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One error or warning. Its text is `file:line:column: message.`, on one line."""

    file: str
    at: Spot
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.at.line}:{self.at.column}: {self.message}"


class Problems:
    """Collects what is wrong with one file, so that all of it is reported at once.

    clean: nothing was noted, not even what a spoiled spot keeps quiet about.
    """

    def __init__(self, file: str, spoiled: set[Spot] | None = None) -> None:
        self._file = file
        self._found: dict[tuple[Spot, str], Problem] = {}
        self._spoiled: set[Spot] = set() if spoiled is None else spoiled
        self.clean = True

    def add(self, at: Spot, message: str) -> None:
        """Note a problem; the same one at the same spot counts once (a default is checked in every fleet)."""
        self.clean = False
        if at not in self._spoiled:
            message = one_line(message)
            self._found[(at, message)] = Problem(self._file, at, message)

    def spoil(self, at: Spot, message: str) -> None:
        """Note a problem that makes whatever else is said about this spot worthless."""
        self.add(at, message)
        self._spoiled.add(at)

    def another(self) -> "Problems":
        """An empty collection for the same file, blind to the same spots."""
        return Problems(self._file, self._spoiled)

    def extend(self, other: "Problems") -> None:
        """Take over what another collection has noted."""
        for problem in other.all():
            self.add(problem.at, problem.message)

    def all(self) -> tuple[Problem, ...]:
        """What was noted, from the top of the file to its end."""
        return tuple(sorted(self._found.values(), key=lambda problem: problem.at))

    def raise_if_any(self) -> None:
        """Raise ConfigError with one line per problem, if there is one."""
        found = self.all()
        if found:
            lines = [str(problem) for problem in found[:MAX_SHOWN]]
            if len(found) > MAX_SHOWN:
                lines.append(f"{self._file}: {len(found) - MAX_SHOWN} more problems.")
            raise ConfigError("\n".join(lines))


def one_line(text: str, limit: int = 500) -> str:
    """The text without line breaks and control characters, cut at `limit`."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def quoted(text: object) -> str:
    """A word of the file in quotes, unprintable characters escaped, cut at 60 characters."""
    word = str(text)
    return repr(word if len(word) <= 60 else word[:57] + "...")


def listed(words: Iterable[str]) -> str:
    """Words as a sentence has them, or `none`."""
    return ", ".join(words) or "none"


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """` Did you mean 'max_age'?`, or nothing when no known word is near."""
    near = get_close_matches(str(word)[:100], list(known), n=1, cutoff=0.7)
    return f" Did you mean {quoted(near[0])}?" if near else ""
