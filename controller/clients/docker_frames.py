"""The text of a container's logs. Without a terminal the engine sends it in frames, each behind a head of eight bytes:
the stream (0 to 2), three zeros, and the length.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
"""

HEAD_BYTES = 8


def text_of(content: bytes) -> str:
    """The text, both streams in the order in which they were written; of a terminal as it came."""
    parts, at = [], 0
    while _is_head(content[at : at + HEAD_BYTES]):
        length = int.from_bytes(content[at + 4 : at + HEAD_BYTES])
        parts.append(content[at + HEAD_BYTES : at + HEAD_BYTES + length])
        at += HEAD_BYTES + length
    return (b"".join(parts) + content[at:]).decode(errors="replace")


def _is_head(head: bytes) -> bool:
    return len(head) == HEAD_BYTES and head[0] <= 2 and head[1:4] == b"\0\0\0"
