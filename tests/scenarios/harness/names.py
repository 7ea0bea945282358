"""Ids that differ from world to world, as names that a reader can follow: i-web-1, ami-web-2, tg-web-1."""

import re
from typing import Any

from controller.demo.process import RunningWorld

ID = re.compile(r"\b(i|ami|lt|subnet|vpc|sg)-[0-9a-f]{17}\b")
UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


class Names:
    """Members are numbered in their group in the order of their arrival, images by their template's version."""

    def __init__(self, world: RunningWorld) -> None:
        self._names: dict[str, str] = {}
        self._born: dict[str, int] = {}
        for group in world.groups:
            for number, arn in enumerate(group.target_groups, 1):
                self._names[arn] = f"tg-{group.name}-{number}"
            for instance_id in group.instances:
                self.newcomer(group.name, instance_id)

    def newcomer(self, group: str, instance_id: str) -> None:
        """Give the next member of a group its name."""
        if instance_id not in self._names:
            self._born[group] = self._born.get(group, 0) + 1
            self._names[instance_id] = f"i-{group}-{self._born[group]}"

    def learn_images(self, state: dict[str, Any]) -> None:
        """Name the images that the groups' templates speak of."""
        for name, group in state.items():
            for version, image in group["images"].items():
                self._names.setdefault(image, f"ami-{name}-{version}")

    def told(self, text: str) -> str:
        """The text with names for ids. Raises KeyError for an id that nobody knows."""
        for arn in (known for known in self._names if known.startswith("arn:")):
            text = text.replace(arn, self._names[arn])
        text = ID.sub(lambda found: self._named(found[0]), text)
        return UUID.sub("(activity)", text)

    def in_order(self, instance_id: str) -> tuple[str, int]:
        """What to sort an instance by: its group, then its number in it."""
        group, _, number = self._names[instance_id].rpartition("-")
        return group, int(number)

    def id_of(self, name: str) -> str:
        """The id behind a name of the story. Raises KeyError."""
        for known, told in self._names.items():
            if told == name:
                return known
        raise KeyError(f"nothing is called {name}; there are {', '.join(sorted(self._names.values()))}")

    def _named(self, known: str) -> str:
        kind = known.split("-", 1)[0]
        if kind in ("i", "ami"):
            return self._names[known]
        return self._names.setdefault(
            known, f"{kind}-{sum(told.startswith(kind) for told in self._names.values()) + 1}"
        )
