"""The server: one port on loopback for the AWS APIs and for `/_world/`."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from controller.demo.scenario import Scenario
from controller.demo.world.authority import Authority
from controller.demo.world.control import PREFIX, Control
from controller.demo.world.faults import Faults
from controller.demo.world.gate import Gate
from controller.demo.world.needs import Needs
from controller.demo.world.world import World

LOOPBACK = "127.0.0.1"
LOCAL_HOSTS = ("127.0.0.1", "localhost")
SHUTDOWN_POLL_SECONDS = 0.05


class QuietRequestHandler(MotoRequestHandler):
    """moto's handler, without a line per request: the wire log has those."""

    def log_request(self, *_: Any) -> None:
        """Say nothing."""


class Serving:
    """A world behind a socket. Every request has a thread of its own, so that a held one holds up nobody else."""

    def __init__(self, scenario: Scenario, wire_log: Path | None, port: int) -> None:
        self.world = World(scenario, wire_log)
        faults = Faults()
        authority = Authority(Needs(self.world.scaling, self.world.balancer))
        self._control = Control(self.world, authority, faults)
        self._gate = Gate(DomainDispatcherApplication(create_backend_app), self.world, authority, faults)
        self._server = make_server(LOOPBACK, port, self._application, True, request_handler=QuietRequestHandler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(SHUTDOWN_POLL_SECONDS,), name="server", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, and close the wire log."""
        self._server.shutdown()
        self._server.server_close()
        self.world.log.close()

    def ready_line(self) -> dict[str, object]:
        """What the parent process needs to know."""
        endpoint = f"http://{LOOPBACK}:{self._server.server_port}"
        return {"endpoint": endpoint, "control": endpoint + PREFIX.rstrip("/"), **self.world.summary()}

    def _application(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Send a request where it belongs. Names other than our own would be a web page that reaches for loopback."""
        host = environ.get("HTTP_HOST", "").split(":")[0]
        path = environ.get("PATH_INFO", "")
        if host not in LOCAL_HOSTS or path.startswith(("/moto-api", "/latest/")):
            start_response("403 Forbidden", [("Content-Length", "0")])
            return []
        return (self._control if path.startswith(PREFIX) else self._gate)(environ, start_response)
