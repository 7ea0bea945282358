"""Every error of the API as `application/problem+json` (RFC 9457): one sentence that a person can act on."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from controller.domain.errors import Conflict, JournalUnavailable, RepaveError
from controller.operations.nearest import NotFound

CONTENT_TYPE = "application/problem+json"
NO_SUCH_PATH = "urn:repave:no-such-path"
"""The type of a 404 that means the operation itself; any other 404 means what it was asked about."""

MOST_SHOWN = 20
MOST_LETTERS = 300


class FieldProblem(BaseModel):
    """What is wrong with one part of a request. The value itself is never repeated."""

    at: str
    message: str


class ProblemDocument(BaseModel):
    """Why a request was not carried out."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str = "about:blank"
    """`urn:repave:no-such-path` where there is no such operation."""
    title: str
    """The status in words."""
    status: int
    detail: str
    """One sentence for a person."""
    errors: list[FieldProblem] | None = None
    """Each part of the request that is wrong."""


class Problem(Exception):
    """Ends a request with this status and this sentence."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldProblem] = (),
        kind: str = "about:blank",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = tuple(errors)
        self.kind = kind


def response_to(problem: Problem) -> web.Response:
    """The response that says it."""
    document = ProblemDocument(
        type=problem.kind,
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=_printable(problem.detail),
        errors=list(problem.errors) or None,
    )
    body = document.model_dump_json(exclude_none=True).encode()
    return web.Response(status=problem.status, body=body, headers={**problem.headers, "Content-Type": CONTENT_TYPE})


def problem_of(error: RepaveError) -> Problem:
    """What an error of ours is in HTTP's words."""
    match error:
        case NotFound():
            return Problem(404, str(error))
        case Conflict():
            return Problem(409, str(error))
        case JournalUnavailable():
            return Problem(503, f"the journal cannot be used now: {error}", {"Retry-After": "5"})
        case _:
            return Problem(422, str(error))


def invalid(error: ValidationError, where: str) -> Problem:
    """What pydantic found wrong with what was sent. Neither the values nor pydantic's own words for them are shown."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(item["type"] == "json_invalid" for item in found):
        return Problem(400, f"the {where} is not JSON")
    errors = [
        FieldProblem(at=_printable(".".join(str(part) for part in item["loc"]) or where), message=item["msg"])
        for item in found[:MOST_SHOWN]
    ]
    told = "; ".join(f"{item.at}: {item.message}" for item in errors[:3])
    return Problem(422, f"the {where} cannot be used: {told}", errors=errors)


def from_http(error: web.HTTPException) -> Problem:
    """What aiohttp itself refused."""
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return Problem(405, f"this path takes {allowed}", {"Allow": allowed})
        case web.HTTPNotFound():
            told = "there is nothing here; /api/v1/openapi.json lists what there is"
            return Problem(404, told, kind=NO_SUCH_PATH)
        case web.HTTPRequestEntityTooLarge():
            return Problem(413, "the body is larger than any request needs")
        case _:
            status = max(error.status, 400)
            return Problem(status, HTTPStatus(status).description or "the request cannot be used")


def _printable(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= MOST_LETTERS else shown[: MOST_LETTERS - 3] + "..."
