"""YAML text -> Located. No tag constructs anything, and size, depth and the reach of aliases are bounded."""

from collections.abc import Callable
from math import inf, isfinite

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from controller.settings.located import Located
from controller.settings.problems import Problems, Spot, quoted

MAX_BYTES = 1 << 20
MAX_VALUES = 100_000
"""Values after aliases are followed: a file of nested aliases is small and its content is not."""
MAX_DEPTH = 32
TOO_DEEP = f"nested deeper than {MAX_DEPTH}, aliases followed."

_TAG = "tag:yaml.org,2002:"


def parse(text: str, problems: Problems) -> Located:
    """Read one YAML document.

    Raises ConfigError when it cannot be read at all; duplicate keys and odd values are noted in `problems`.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        problems.add(Spot(1, 1), f"the file is larger than {MAX_BYTES >> 20} MiB.")
    problems.raise_if_any()
    node = _compose(text, problems)
    problems.raise_if_any()
    if node is None:
        return Located({}, Spot(1, 1))
    return _Converter(problems).convert(node, 0, None)


def _compose(text: str, problems: Problems) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.composer.warn_double_anchors = False
    try:
        node: Node | None = yaml.compose(text)
        return node
    except ReaderError as error:
        before = text[: error.position]
        at = Spot(before.count("\n") + 1, error.position - before.rfind("\n"))
        problems.add(at, f"the character U+{ord(text[error.position]):04X} is not allowed in YAML.")
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Spot(mark.line + 1, mark.column + 1) if mark else Spot(1, 1)
        what = ", ".join(part for part in (error.context, error.problem) if part)
        problems.add(at, TOO_DEEP if isinstance(error, MaxDepthExceededError) else f"not valid YAML: {what}.")
    except YAMLError as error:
        problems.add(Spot(1, 1), f"not valid YAML: {error}.")
    return None


def _spot(node: Node) -> Spot:
    return Spot(node.start_mark.line + 1, node.start_mark.column + 1)


class _Converter:
    """Follows the nodes of one document, counting as it goes."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._left = MAX_VALUES

    def convert(self, node: Node, depth: int, key_at: Spot | None) -> Located:
        at = _spot(node)
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            self._problems.add(at, TOO_DEEP if self._left >= 0 else f"more than {MAX_VALUES} values, aliases followed.")
            self._problems.raise_if_any()
        if not isinstance(node, ScalarNode) and node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            self._problems.spoil(key_at or at, f"the tag {quoted(node.tag)} is not allowed.")
        if isinstance(node, MappingNode):
            return Located(self._mapping(node, depth), at, key_at)
        if isinstance(node, SequenceNode):
            return Located([self.convert(item, depth + 1, None) for item in node.value], at, key_at)
        return Located(self._scalar(str(node.tag), str(node.value), at), at, key_at)

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, Located]:
        found: dict[str, Located] = {}
        for key, value in node.value:
            at = _spot(key)
            if key.tag == f"{_TAG}merge":
                self._problems.add(at, "merge keys (<<) are not supported; what fleets share goes under 'defaults'.")
                continue
            if not isinstance(key, ScalarNode) or key.tag != f"{_TAG}str":
                self._problems.spoil(at, "a key must be text; put it in quotes.")
            if not isinstance(key, ScalarNode):
                continue
            if key.value in found:
                first = found[key.value].key_at
                line = f"; the first is on line {first.line}" if first else ""
                self._problems.add(at, f"duplicate key {quoted(key.value)}{line}.")
            else:
                found[key.value] = self.convert(value, depth + 1, at)
        return found

    def _scalar(self, tag: str, word: str, at: Spot) -> object:
        read = _READERS.get(tag.removeprefix(_TAG))
        if read is None:
            self._problems.spoil(at, f"the tag {quoted(tag)} is not allowed.")
            return word
        try:
            return read(word)
        except ValueError as error:
            self._problems.spoil(at, f"{quoted(word)} {error}.")
            return word


def _boolean(word: str) -> bool:
    if word.lower() not in ("true", "false"):
        raise ValueError("is not a boolean: write true or false")
    return word.lower() == "true"


def _integer(digits: str) -> int:
    digits = digits.replace("_", "")
    if len(digits) > 18:
        raise ValueError("is too large")
    based = digits.lstrip("+-").lower().startswith(("0x", "0o"))
    try:
        return int(digits, 0 if based else 10)
    except ValueError:
        raise ValueError("is not a whole number") from None


def _number(digits: str) -> float:
    try:
        value = float(digits.replace("_", ""))
    except ValueError:  # .inf and .nan among them
        value = inf
    if not isfinite(value):
        raise ValueError("is not a number that can be used here")
    return value


_READERS: dict[str, Callable[[str], object]] = {
    "str": str,
    "timestamp": str,
    "null": lambda _: None,
    "bool": _boolean,
    "int": _integer,
    "float": _number,
}
