"""What an Application Load Balancer sends of who signed in, with keys of our own, and the place where its keys are."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/repave/50dc6c495c0c9188"
ISSUER, CLIENT_ID = "https://login.example.org", "repave"
KEY_ID = "b7c60f0d-5d4f-4b8a-9c6a-0a1f2e3d4c5b"
CLAIMS = {"sub": "00u1", "name": "Alice", "email": "alice@example.org"}


def part(content: Mapping[str, Any]) -> bytes:
    """In base64 as the load balancer writes it: with its padding."""
    return urlsafe_b64encode(json.dumps(content).encode())


def pem(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@dataclass
class LoadBalancer:
    """Signs as one. changes of `word`: to its JOSE header."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    key_id: str = KEY_ID

    def word(self, expires_at: float, claims: Mapping[str, Any] = CLAIMS, **changes: Any) -> str:
        header: dict[str, Any] = {"typ": "JWT", "kid": self.key_id, "alg": "ES256", "iss": ISSUER, "client": CLIENT_ID}
        header |= {"signer": ARN, "exp": int(expires_at)} | changes
        return self.signed({name: value for name, value in header.items() if value is not None}, claims)

    def signed(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        body = part(header) + b"." + part(claims)
        r, s = decode_dss_signature(self.key.sign(body, ec.ECDSA(SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return (body + b"." + urlsafe_b64encode(signature)).decode()


@dataclass
class KeyServer:
    """Where keys are published. answers: status and body by id; gate: held back until it is set."""

    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    url: str = ""

    def publish(self, signer: LoadBalancer) -> None:
        self.answers[signer.key_id] = 200, pem(signer.key)

    async def _handle(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.gate is not None:
            await self.gate.wait()
        status, body = self.answers.get(request.path.removeprefix("/elb/"), (404, b"no such key"))
        return web.Response(status=status, body=body, headers={"Location": "/elb/elsewhere"} if status == 302 else {})


@asynccontextmanager
async def key_server() -> AsyncIterator[KeyServer]:
    """On a loopback socket."""
    server = KeyServer()
    app = web.Application()
    app.router.add_get("/{path:.*}", server._handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}/elb"
    yield server
    await runner.cleanup()
