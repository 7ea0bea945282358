"""The small server in the tests' containers. Its faults are asked for over HTTP, so that no test needs an exec.

    /                        200, the container's host name (also in the header X-Served-By of every answer)
    /health                  200 ok, for balancers; 500 once /control/fail was asked
    /self                    the same, for the container's own HEALTHCHECK; 500 also once /control/sick was asked
    /control/fail            from now on everything but /control answers 500
    /control/sick            from now on the container's own check fails, though everything is answered
    /control/leak?mib=N      hold N MiB more (it serves on, unless that is more than its limit)
    /control/log?line=TEXT   write a line to standard output
    /control/slow?seconds=S  from now on / takes so long

BOOT_SECONDS: how long it takes before it listens. PORT: where. SIGTERM: what is under way is answered, nothing new
is taken. It imports little, because the image holds what it imports and nothing else, and because dozens start at once
on two cores.
"""

import os
import select
import signal
import socket
import threading
import time

REASONS = {200: "OK", 404: "Not Found", 500: "Internal Server Error"}
HOST = os.uname().nodename
GRACE_SECONDS = 8.0


def pause(seconds: float) -> None:
    """Let time pass."""
    threading.Event().wait(seconds)


class App:
    """What a container answers. slow_seconds: that `/` takes; failing: whether it answers 500; sick: to /self only."""

    def __init__(self) -> None:
        self.failing = self.sick = False
        self.slow_seconds = 0.0
        self.closing = False
        self.held: list[bytearray] = []
        self.idle: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.threads: list[threading.Thread] = []

    def answer(self, target: str) -> tuple[int, str]:
        """Status and text for one request target."""
        path, _, query = target.partition("?")
        value = query.partition("=")[2].replace("+", " ").replace("%20", " ")
        if path.startswith("/control/"):
            return self.control(path.removeprefix("/control/"), value)
        if path not in {"/", "/health", "/self"}:
            return 404, "no such page"
        if path == "/" and self.slow_seconds:
            pause(self.slow_seconds)
        failing = self.failing or (self.sick and path == "/self")
        return (500, "failing, as asked") if failing else (200, HOST if path == "/" else "ok")

    def control(self, what: str, value: str) -> tuple[int, str]:
        """Bring about one of the faults."""
        if what == "fail":
            self.failing = True
        elif what == "sick":
            self.sick = True
        elif what == "leak":
            self.held.append(bytearray(b"\1") * (int(value) * 1024 * 1024))
        elif what == "log":
            os.write(1, f"{value}\n".encode())
        elif what == "slow":
            self.slow_seconds = float(value)
        else:
            return 404, "no such control"
        return 200, "done"

    def take(self, connection: socket.socket) -> None:
        """Serve one connection in a thread of its own."""
        thread = threading.Thread(target=self.serve, args=(connection,), daemon=True)
        self.threads = [one for one in self.threads if one.is_alive()] + [thread]
        thread.start()

    def serve(self, connection: socket.socket) -> None:
        """Answer one request after the other until somebody closes; the first one in any case."""
        pending, answered = b"", False
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while True:
                    with self.lock:
                        if answered and self.closing:
                            return
                        if answered:
                            self.idle.add(connection)
                    head, pending = self.request(connection, pending)
                    if not head:
                        return
                    self.reply(connection, head)
                    answered = True
            except OSError:
                return
            finally:
                with self.lock:
                    self.idle.discard(connection)

    def request(self, connection: socket.socket, pending: bytes) -> tuple[bytes, bytes]:
        """The head of the next request and what came behind it; empty when the other side closed."""
        while b"\r\n\r\n" not in pending:
            piece = connection.recv(65536)
            with self.lock:
                self.idle.discard(connection)
            if not piece:
                return b"", b""
            pending += piece
        with self.lock:
            self.idle.discard(connection)
        head, _, rest = pending.partition(b"\r\n\r\n")
        return head, rest

    def reply(self, connection: socket.socket, head: bytes) -> None:
        """Answer one request, and say whether the connection goes on."""
        status, text = self.answer(head.split(b" ")[1].decode("ascii", "replace"))
        ends = self.closing or b"connection: close" in head.lower()
        lines = [
            f"HTTP/1.1 {status} {REASONS[status]}",
            f"X-Served-By: {HOST}",
            f"Content-Length: {len(text) + 1}",
            f"Connection: {'close' if ends else 'keep-alive'}",
        ]
        body = "" if head.startswith(b"HEAD") else f"{text}\n"
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        if ends:
            connection.shutdown(socket.SHUT_RDWR)

    def close(self, listener: socket.socket) -> None:
        """Take what has connected already, end idle connections, wait for what is under way."""
        listener.setblocking(False)
        while True:
            try:
                self.take(listener.accept()[0])
            except BlockingIOError:
                break
        listener.close()
        with self.lock:
            self.closing = True
            for connection in self.idle:
                connection.shutdown(socket.SHUT_RD)
        until = time.monotonic() + GRACE_SECONDS
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))


def main() -> None:
    """Listen until SIGTERM."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGTERM, lambda *_: None)
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    boots_until = time.monotonic() + float(os.environ.get("BOOT_SECONDS", "0"))
    if poll.poll(max(0.0, boots_until - time.monotonic()) * 1000):
        return
    app = App()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("", int(os.environ.get("PORT", "80"))))
    listener.listen(256)
    poll.register(listener, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if reader in ready:
            app.close(listener)
            return
        app.take(listener.accept()[0])


if __name__ == "__main__":
    main()
