"""Who says so, for the record: it stands in the journal and in the trace."""

import getpass
import os
import socket


def who() -> str:
    """The name of the account and of the machine, such as `alice@laptop`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
