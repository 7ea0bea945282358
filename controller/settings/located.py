"""Plain values that know where they stand: text, numbers, lists and mappings, and nothing else."""

from dataclasses import dataclass
from typing import Any

from controller.settings.problems import Spot

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """A value of the file. value: a mapping or list of Located, or text, number, boolean, None.

    key_at: where its key stands, when it has one.
    """

    value: Any
    at: Spot
    key_at: Spot | None = None

    @property
    def spot(self) -> Spot:
        """Where to point at it: collections start on a line of their own, so their key says more."""
        return self.key_at if self.key_at and isinstance(self.value, dict | list) else self.at

    @property
    def mapping(self) -> dict[str, "Located"]:
        """Its keys, none when it is not a mapping."""
        return self.value if isinstance(self.value, dict) else {}

    def plain(self) -> Any:
        """The value without the places."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def find(self, path: Path) -> "Located":
        """What is at the path, or the nearest thing above it."""
        here = self
        for step in path:
            inner: Located | None = None
            if isinstance(here.value, dict) and isinstance(step, str):
                inner = here.value.get(step)
            elif isinstance(here.value, list) and isinstance(step, int) and step < len(here.value):
                inner = here.value[step]
            here = inner or here
        return here
