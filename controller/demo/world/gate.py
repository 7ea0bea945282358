"""The WSGI application in front of moto: it asks who may, serialises, strikes with faults and logs each request."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from controller.demo import wall
from controller.demo.world.authority import Authority, denial
from controller.demo.world.faults import ActiveRule, Faults, Moment, Outcome
from controller.demo.world.requests import AwsRequest, error_body, error_code, parse, read_body, without_our_token
from controller.demo.world.spoiling import Answer, Spoiler, cut
from controller.demo.world.world import World

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
logger = logging.getLogger(__name__)


class Gate:
    """Every AWS request passes here. moto and the driver never run at the same time: both hold the world's lock."""

    def __init__(self, app: WsgiApp, world: World, authority: Authority, faults: Faults) -> None:
        self._app = app
        self._world = world
        self._authority = authority
        self._faults = faults
        self._spoiler = Spoiler(world.conditions.time)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        body = read_body(environ)
        if body is None:
            return Answer(413, [], b"").send(start_response)
        request = without_our_token(parse(environ, body), environ)
        with self._world.lock:
            request = self._authority.identified(request)
            needs, denied = self._authority.needed(request, body)
        request = replace(request, needs=tuple(need.action for need in needs))
        if denied is not None:
            answer = _error(request, *denial(request, denied))
            self._log(request, answer, None, effect=False)
            return answer.send(start_response)
        struck = self._faults.strike(request)
        if struck is not None and struck.rule.moment is Moment.BEFORE and struck.rule.spoil is None:
            refusal = self._strike(struck, request, environ)
            if refusal is not None:
                self._log(request, refusal, struck, effect=False)
                return refusal.send(start_response)
        with self._world.lock:
            answer = self._ask_moto(request, environ)
            self._authority.taken_on(request, answer.body)
            self._log(request, answer, struck, effect=answer.status < 400)
            self._world.log_truth()
            self._spoiler.remember(request, answer)
        if struck is not None and struck.rule.spoil is not None:
            return self._spoiler.send(struck.rule, request, answer, environ, start_response)
        if struck is not None and struck.rule.moment is Moment.AFTER:
            answer = self._strike(struck, request, environ) or answer
        return answer.send(start_response)

    def _strike(self, active: ActiveRule, request: AwsRequest, environ: dict[str, Any]) -> Answer | None:
        """Do what the rule says. An answer replaces moto's; None lets the request go on."""
        rule = active.rule
        if rule.delay_seconds is not None:
            wall.wait(rule.delay_seconds)
        elif rule.error_code is not None:
            return _error(request, rule.error_status, rule.error_code, rule.error_message)
        elif rule.reset or self._faults.hold(active, request) is Outcome.DROP:
            if rule.moment is Moment.BEFORE:
                self._log(request, None, active, effect=False)
            cut(environ)
        return None

    def _ask_moto(self, request: AwsRequest, environ: dict[str, Any]) -> Answer:
        seen: list[Any] = []
        try:
            body = b"".join(self._app(environ, lambda status, headers, _=None: seen.extend((status, headers))))
        except NotImplementedError as error:
            return _error(request, 400, "InvalidAction", f"The demo world does not serve {request.action}: {error}")
        except Exception as error:  # whatever moto raises is an internal error of this AWS, told in AWS's own shape
            logger.exception("moto failed on %s %s", request.service, request.action)
            return _error(request, 500, "InternalFailure", f"{type(error).__name__}: {error}")
        status, headers = seen
        return Answer(int(str(status).split(" ", 1)[0]), list(headers), body)

    def _log(self, request: AwsRequest, answer: Answer | None, struck: ActiveRule | None, *, effect: bool) -> None:
        failed = answer is not None and answer.status >= 400
        self._world.log.write(
            "request",
            {
                "service": request.service,
                "action": request.action,
                "parameters": request.parameters,
                "mutating": request.mutating,
                "needs": list(request.needs),
                "key": request.key,
                "role": request.role,
                "region": request.region,
                "status": answer.status if answer else None,
                "error": error_code(answer.body) if answer and failed else None,
                "effect": effect,
                "fault": struck.id if struck else None,
            },
        )


def _error(request: AwsRequest, status: int, code: str, message: str) -> Answer:
    content_type, body = error_body(request, code, message)
    return Answer(status, [("Content-Type", content_type), ("Content-Length", str(len(body)))], body)
