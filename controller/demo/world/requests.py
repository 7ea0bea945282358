"""What a request on the wire asks for: whose it is, which service and operation, and whether it changes anything."""

import json
import re
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

MAX_BODY_BYTES = 1 << 20
READS = (
    *("Describe", "Get", "List", "Head", "BatchGet", "Query", "Scan", "Assume"),
    *("Filter", "StartQuery", "StopQuery"),
)
"""Operations whose names begin so change nothing; AssumeRole hands out credentials and changes no resource, and a query
of logs is started and stopped to read."""

SCOPE = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
RPC_PATH = re.compile(r"/service/[^/]+/operation/(\w+)$")
AFTER_EMPTY_PAGE = "repave-world-empty-page"
"""Where an empty page leads: to the answer itself."""

MAX_PARAMETERS = 60
MAX_VALUE_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """One call of an AWS API.

    key: the access key id it was signed with, which tells callers apart. parameters: flat, and bounded in size.
    protocol: `query`, `ec2` or `json`, for the shape of an error. needs: what IAM wants allowed for it, where its
    caller has policies. role: the name of the role that its caller took on for it.
    """

    service: str
    region: str
    key: str
    action: str
    parameters: dict[str, str]
    protocol: str
    needs: tuple[str, ...] = ()
    role: str = ""

    @property
    def mutating(self) -> bool:
        """Whether it changes something, by the name of the operation."""
        return not self.action.startswith(READS)


def read_body(environ: dict[str, Any]) -> bytes | None:
    """The body, put back for whoever reads next; None when it is too large to be a call of these APIs."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > MAX_BODY_BYTES:
        return None
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    return body


def without_our_token(request: AwsRequest, environ: dict[str, Any]) -> AwsRequest:
    """The request as if the page before it had not been empty: whoever asks with our token means the first page."""
    if request.parameters.get("NextToken") != AFTER_EMPTY_PAGE:
        return request
    form = parse_qsl(environ["wsgi.input"].read().decode("utf-8", "replace"), keep_blank_values=True)
    body = urlencode([(name, value) for name, value in form if name != "NextToken"]).encode()
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
    asked = {name: value for name, value in request.parameters.items() if name != "NextToken"}
    return replace(request, parameters=asked)


def parse(environ: dict[str, Any], body: bytes) -> AwsRequest:
    """Tell a call from its signature's scope, its target header or its form."""
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    key, region, service = scope.groups() if scope else ("", "", "")
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    rpc = RPC_PATH.search(environ.get("PATH_INFO", ""))
    if target or rpc:
        action = target.rsplit(".", 1)[-1] if target else str(rpc and rpc[1])
        return AwsRequest(service, region, key, action, _json_parameters(body), "json")
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    form = form or dict(parse_qsl(environ.get("QUERY_STRING", "")))
    action = form.pop("Action", "")
    form.pop("Version", None)
    if not action:
        verb = {"GET": "Get", "HEAD": "Head"}.get(environ["REQUEST_METHOD"], environ["REQUEST_METHOD"])
        action, form = f"{verb} {environ.get('PATH_INFO', '')}", {}
    return AwsRequest(service, region, key, action, _bounded(form), "ec2" if service == "ec2" else "query")


def error_body(request: AwsRequest, code: str, message: str) -> tuple[str, bytes]:
    """The content type and the body of an AWS error, in the shape that the caller's protocol expects."""
    if request.protocol == "json":
        return "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message}).encode()
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if request.service == "s3":
        text = f"<Error>{error}</Error>"
    elif request.protocol == "ec2":
        text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>repave-world</RequestID></Response>"
    else:
        error = f"<Error><Type>Sender</Type>{error}</Error>"
        text = f"<ErrorResponse>{error}<RequestId>repave-world</RequestId></ErrorResponse>"
    return "text/xml", text.encode()


def error_code(body: bytes) -> str | None:
    """The code of an AWS error, from its body."""
    found = re.search(rb"<Code>([^<]+)</Code>|\"__type\":\s*\"([^\"]+)\"", body)
    return (found[1] or found[2]).decode() if found else None


def _json_parameters(body: bytes) -> dict[str, str]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return _bounded(parsed) if isinstance(parsed, dict) else {}


def _bounded(parameters: dict[str, Any]) -> dict[str, str]:
    first = list(parameters.items())[:MAX_PARAMETERS]
    return {
        name[:MAX_VALUE_CHARACTERS]: (value if isinstance(value, str) else json.dumps(value))[:MAX_VALUE_CHARACTERS]
        for name, value in first
    }
