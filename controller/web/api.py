"""The HTTP API: from a request to a checked call, and from its answer to checked JSON."""

import json
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from controller.web import sign_in
from controller.web.access import Access, May
from controller.web.asked import Answers
from controller.web.events import Hub
from controller.web.openapi import openapi
from controller.web.problem import Problem, invalid
from controller.web.routes import PREFIX, Call, Route, routes

MOST_BODY_BYTES = 16 * 1024
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Api:
    """What the API is made of. trace: the model of a trace document. version: of the program."""

    answers: Answers
    access: Access
    hub: Hub
    trace: type[BaseModel]
    version: str

    def add_to(self, app: web.Application) -> None:
        """Serve all of it."""
        table = routes(self.trace)
        for route in table:
            app.router.add_route(route.method, f"{PREFIX}{route.path}", self._handler(route))
        described = json.dumps(openapi(table, self.version)).encode()

        async def document(request: web.Request) -> web.Response:
            await self.user(request, May.READ)
            return web.Response(body=described, content_type="application/json")

        async def events(request: web.Request) -> web.StreamResponse:
            await self.user(request, May.READ)
            return await self.hub.stream(request)

        app.router.add_get(f"{PREFIX}/openapi.json", document, allow_head=False)
        app.router.add_get(f"{PREFIX}/events", events, allow_head=False)

    async def user(self, request: web.Request, wanted: May) -> str:
        """Whose request it is; empty where nobody has to say. A token goes before a load balancer's word.

        Raises Problem.
        """
        bearer, peer = _only(request, hdrs.AUTHORIZATION), request.remote or ""
        word = _only(request, sign_in.HEADER) if self.access.vouched else None
        if bearer is None and word is not None:
            if wanted is May.OPERATE:
                sign_in.refuse_other_sites(request.headers)
            return await self.access.signed_in(word, peer, wanted)
        return self.access.bearer(bearer, peer, wanted) or ""

    def _handler(self, route: Route) -> Any:
        log = structlog.get_logger("repave.web")

        async def handle(request: web.Request) -> web.Response:
            user = await self.user(request, route.may)
            call = Call(_names(request), _query(request, route), await _body(request, route), user)
            document = await route.handle(self.answers, call)
            if route.may is May.OPERATE:
                about = {"operation": route.name, "user.name": user, "peer": request.remote, **call.path}
                log.info("changed over HTTP", **about, **(call.body.model_dump(by_alias=True) if call.body else {}))
            return _response(document, route)

        return handle


def _only(request: web.Request, name: str) -> str | None:
    found = request.headers.getall(name, [])
    if len(found) > 1:
        raise Problem(400, f"one {name} header is enough")
    return found[0] if found else None


def _names(request: web.Request) -> dict[str, str]:
    names = dict(request.match_info)
    if any(len(name) > LONGEST_NAME or not name.isprintable() for name in names.values()):
        raise Problem(404, "there is nothing of that name")
    return names


def _query(request: web.Request, route: Route) -> BaseModel:
    try:
        return route.query.model_validate(dict(request.query), by_name=False)
    except ValidationError as error:
        raise invalid(error, "query") from None


async def _body(request: web.Request, route: Route) -> BaseModel | None:
    if route.body is None:
        if request.body_exists and await request.read():
            raise Problem(400, "this request takes no body")
        return None
    if request.content_type != "application/json" or hdrs.CONTENT_TYPE not in request.headers:
        raise Problem(415, "the body has to be JSON, with `Content-Type: application/json`")
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise Problem(415, "the body may not be compressed")
    try:
        return route.body.model_validate_json(await request.read())
    except ValidationError as error:
        raise invalid(error, "body") from None


def _response(document: dict[str, Any], route: Route) -> web.Response:
    """The document, if it has its documented shape; what an older daemon left in the journal may not."""
    try:
        route.answer.model_validate(document)
    except ValidationError as error:
        where = "; ".join(".".join(str(part) for part in item["loc"]) for item in error.errors()[:3])
        structlog.get_logger("repave.web").warning("an answer is not as documented", operation=route.name, at=where)
        told = "the journal has a look by another version of Repave; the next look replaces it"
        raise Problem(503, told, {"Retry-After": "30"}) from None
    return web.Response(status=route.status, body=json.dumps(document).encode(), content_type="application/json")
