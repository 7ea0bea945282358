"""Ports for servers that cannot be asked which one they got."""

import secrets
import socket

FIRST, LAST = 20_000, 32_767
"""Below those that Linux gives to whoever asks for any: what was free a moment ago is not given to another process."""


def free_port(*addresses: str) -> int:
    """A port that nobody has at these addresses (by default 127.0.0.1)."""
    while True:
        port = FIRST + secrets.randbelow(LAST - FIRST + 1)
        if all(_is_free(address, port) for address in addresses or ("127.0.0.1",)):
            return port


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
