"""Every wait ends: a server that says nothing more is hung up on, whatever stands between it and us.

libpq waits for an answer for as long as the connection lives, and a proxy that lives keeps it alive.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer

from sqlalchemy import Connection


@contextmanager
def answered_within(connection: Connection, seconds: float) -> Iterator[None]:
    """Cut the connection when what happens within takes longer: whoever waits for an answer then gets an error."""
    driver = connection.connection.driver_connection
    assert driver is not None
    # A descriptor of our own: the driver's may be closed, and its number be somebody else's, when time is up.
    with socket.socket(fileno=os.dup(driver.fileno())) as line:
        timer = Timer(seconds, _hang_up, (line,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _hang_up(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
