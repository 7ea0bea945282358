"""What a container wrote, as its engine sends it. Without a terminal it comes in frames, each behind a head of eight
bytes: the stream (1 for stdout, 2 for stderr), three zeros, and the length in big-endian order. A terminal's comes as
it is.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
"""

from collections.abc import Iterator

HEAD_BYTES = 8
STREAMS = frozenset({0, 1, 2})


class NoFrame(ValueError):
    """Something else than a whole frame came. rest: that and what follows, without the head of a frame cut short."""

    def __init__(self, rest: bytes) -> None:
        super().__init__("no frame")
        self.rest = rest


def frames(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The stream and the content of each frame, in the order in which they were written. Raises NoFrame."""
    place = 0
    while place < len(content):
        head = content[place : place + HEAD_BYTES]
        if len(head) < HEAD_BYTES or head[0] not in STREAMS or head[1:4] != b"\0\0\0":
            raise NoFrame(content[place:])
        place += HEAD_BYTES
        end = place + int.from_bytes(head[4:])
        if end > len(content):
            raise NoFrame(content[place:])
        yield head[0], content[place:end]
        place = end


def text_of(content: bytes) -> str:
    """The text, both streams in the order in which they were written; of a terminal, and of no frame, as it came."""
    parts = []
    try:
        for _, piece in frames(content):
            parts.append(piece)
    except NoFrame as error:
        parts.append(error.rest)
    return b"".join(parts).decode(errors="replace")
