"""A container's output, as its engine sends it: in frames, as a terminal had it, and cut short."""

import pytest

from controller.clients.docker_frames import NoFrame, frames, text_of


def frame(content: bytes, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(content).to_bytes(4) + content


@pytest.mark.parametrize(
    ("content", "text", "rest"),
    [
        (b"", "", None),
        (frame(b"one\n") + frame(b"two\n", 2), "one\ntwo\n", None),
        (frame(b""), "", None),
        (b"of a terminal\r\n", "of a terminal\r\n", b"of a terminal\r\n"),
        (frame(b"one\n") + b"\3\0\0\0 what is this", "one\n\3\0\0\0 what is this", b"\3\0\0\0 what is this"),
        (frame(b"one\n") + frame(b"two and more")[:11], "one\ntwo", b"two"),
        (frame(b"one\n") + frame(b"two")[:5], "one\n\1\0\0\0\0", b"\1\0\0\0\0"),
    ],
)
def test_what_is_no_frame_is_text_all_the_same(content: bytes, text: str, rest: bytes | None) -> None:
    assert text_of(content) == text
    if rest is None:
        assert b"".join(piece for _, piece in frames(content)).decode() == text
    else:
        with pytest.raises(NoFrame) as caught:
            list(frames(content))
        assert caught.value.rest == rest


def test_each_frame_says_its_stream() -> None:
    assert list(frames(frame(b"a") + frame(b"b", 2))) == [(1, b"a"), (2, b"b")]
