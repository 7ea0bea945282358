"""moto's server on a loopback port, and the SDK's ordinary client to prepare it with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import boto3  # type: ignore[import-untyped]
from moto.server import ThreadedMotoServer

REGION = "eu-west-1"


@contextmanager
def moto_server() -> Iterator[str]:
    """The URL of an empty server. Its state is this process's: one at a time."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        with urlopen(Request(f"{url}/moto-api/reset", method="POST"), timeout=5):
            yield url
    finally:
        server.stop()


def plain_client(service: str, url: str) -> Any:
    """A client without our guard: it makes the world that is then read."""
    return boto3.client(service, REGION, endpoint_url=url, aws_access_key_id="OURS", aws_secret_access_key="throw-away")
