"""A line to a server that can lose what goes over it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum

LARGEST = 1 << 16


class Loss(Enum):
    """What becomes of a commit: it arrives and its answer is lost, or it is lost itself, or no answer ever comes."""

    ANSWER = "answer"
    QUESTION = "question"
    SILENCE = "silence"


class Line:
    """Passes bytes on to 127.0.0.1:port. lose: what happens to each next commit; None for nothing. lost: an answer was.

    Every connection is cut after its loss, but for silence. Only for connections without TLS.
    """

    def __init__(self, port: int) -> None:
        self.lose: Loss | None = None
        self.lost = threading.Event()
        self._there = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._there)
                self._open += [near, far]
                threading.Thread(target=self._questions, args=(near, far), daemon=True).start()
                threading.Thread(target=self._answers, args=(far, near), daemon=True).start()

    def _questions(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while message := near.recv(LARGEST):
                loss = self.lose if b"COMMIT\0" in message else None
                if loss is Loss.QUESTION:
                    near.shutdown(socket.SHUT_RDWR)
                    break
                if loss is not None:
                    self._deaf = far
                far.sendall(message)
        with suppress(OSError):
            far.shutdown(socket.SHUT_WR)

    _deaf: socket.socket | None = None

    def _answers(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while message := far.recv(LARGEST):
                if self._deaf is far:
                    self.lost.set()
                    if self.lose is Loss.ANSWER:
                        near.shutdown(socket.SHUT_RDWR)
                    continue
                near.sendall(message)
        with suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    line = Line(port)
    try:
        yield line
    finally:
        line.close()
