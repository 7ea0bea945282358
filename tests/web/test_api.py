"""The API on a socket: what it answers has the documented shape, and what is wrong gets its status and a sentence."""

from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.domain.errors import JournalUnavailable
from controller.domain.memory import Memory
from controller.domain.ports import TickRecord
from controller.operations import documents
from controller.record.document import TraceDocument
from controller.web.routes import routes
from tests.journal.material import NOON, lease_of
from tests.journal.test_requests import proposal
from tests.record.stories import replaced
from tests.support.documents import undeclared
from tests.web.conftest import OPERATOR, READER, Served, report

RID = replaced()[0].replacement_id

READS = {
    "getFleets": "/fleets",
    "getInstances": "/instances",
    "getPlan": "/plan",
    "getWhy": "/why/i-1",
    "getHolds": "/holds",
    "getReplacements": "/replacements",
    "getRequests": "/requests",
    "getReplacement": f"/replacements/{RID}",
    "getTrace": f"/replacements/{RID}/trace",
    "getTraceDrawing": f"/replacements/{RID}/trace/drawing",
}


def test_every_operation_that_reads_is_read_here() -> None:
    assert READS.keys() == {route.name for route in routes(TraceDocument) if route.method == "GET"}


@pytest.mark.parametrize("name", READS)
async def test_an_answer_is_what_its_model_says_and_nothing_more(served: Served, name: str) -> None:
    await served.ask("POST", "/holds", OPERATOR, json={"target": "web", "reason": "lunch"})
    status, document = await served.get(READS[name], token=READER)
    assert status == 200, document
    (model,) = [route.answer for route in routes(TraceDocument) if route.name == name]
    assert undeclared(model.model_validate(document)) == []


async def test_fleets_say_which_configuration_is_in_force(served: Served) -> None:
    _, document = await served.get("/fleets", token=READER)
    assert document["config"] == {
        "hash": served.live.config.hash,
        "version": None,
        "loaded_at": "2026-11-23T12:00:00Z",
        "refused_at": None,
    }
    assert [fleet["name"] for fleet in document["fleets"]] == ["web", "api"]


async def test_the_plan_is_the_last_look_and_says_when_that_was(served: Served) -> None:
    _, document = await served.get("/plan", token=READER)
    (web,) = document["fleets"]
    assert (web["name"], web["observed_at"]) == ("web", "2026-11-23T12:00:00Z")
    assert document["errors"] == [{"fleet": "api", "error": "no daemon has seen it yet"}]
    _, only = await served.get("/plan?fleet=api", token=READER)
    assert (only["fleets"], len(only["errors"])) == ([], 1)


async def test_why_names_the_vetoes(served: Served) -> None:
    _, document = await served.get("/why/i-2", token=READER)
    assert (document["instance"]["verdict"], document["instance"]["decision"]) == ("aged", "hold")
    assert document["instance"]["vetoes"]


async def test_a_hold_and_its_end(served: Served) -> None:
    with capture_logs() as logs:
        status, hold = await served.ask(
            "POST", "/holds", OPERATOR, json={"target": "web", "reason": "lunch", "for": "2h"}
        )
    assert (status, hold["scope"], hold["by"], hold["reason"]) == (201, "fleet:web", "alice", "lunch")
    (line,) = [line for line in logs if line["event"] == "changed over HTTP"]
    assert (line["user.name"], line["operation"], line["target"]) == ("alice", "hold", "web")
    _, document = await served.get("/holds", token=READER)
    assert document["holds"] == [hold]
    await served.ask("POST", "/holds", OPERATOR, json={"target": "all", "reason": "incident"})
    status, resumed = await served.ask("DELETE", "/holds/web", OPERATOR)
    assert (status, resumed["ended"], [item["scope"] for item in resumed["still_held"]]) == (200, 1, ["all"])
    (left,) = await served.journal.holds(NOON)
    assert left.scope == "all"


async def test_a_wish_and_its_end(served: Served) -> None:
    status, wish = await served.ask("POST", "/instances/i-4/replace", OPERATOR, json={"reason": "odd noises"})
    assert (status, wish["state"], wish["by"], wish["reason"]) == (201, "approved", "alice", "odd noises")
    assert undeclared(documents.Request.model_validate(wish)) == []
    status, document = await served.ask("POST", "/instances/i-4/replace", OPERATOR, json={"reason": "again"})
    assert (status, document["title"]) == (409, "Conflict")
    assert (await served.get("/replacements", token=READER))[1]["requests"] == [wish]
    status, document = await served.ask("POST", f"/replacements/{wish['id']}/approve", OPERATOR, json={})
    assert status == 409, "it was approved by whoever asked"
    status, turned = await served.ask("POST", f"/replacements/{wish['id']}/abort", OPERATOR, json={"reason": "no"})
    assert (status, turned["request"]["state"], turned["replacement"]) == (200, "aborted", None)
    assert undeclared(documents.Aborted.model_validate(turned)) == []


async def test_a_proposal_is_approved_by_name(served: Served) -> None:
    lease = await lease_of(served.journal)
    made = proposal("r-p", "i-2", datetime.now(UTC))
    record = TickRecord("web", NOON, "", Memory(), report(), proposed=(made,))
    await served.journal.record_tick(record, lease)
    status, said = await served.ask("POST", "/replacements/r-p/approve", OPERATOR, json={})
    assert (status, said["state"], said["approved_by"]) == (200, "approved", "alice")


async def test_what_is_under_way_is_turned_back(served: Served) -> None:
    status, turned = await served.ask("POST", "/replacements/r-open/abort", OPERATOR, json={})
    assert (status, turned["request"], turned["replacement"]["id"]) == (200, None, "r-open")
    assert undeclared(documents.Aborted.model_validate(turned)) == []
    assert (await served.ask("POST", f"/replacements/{RID}/abort", OPERATOR, json={}))[0] == 409
    assert (await served.ask("POST", "/replacements/r-0/abort", OPERATOR, json={}))[0] == 404


WRONG: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "nowhere": ("GET", "/nothing", {}, 404, "openapi.json lists"),
    "method": ("PUT", "/holds", {"json": {}}, 405, "takes GET, POST"),
    "fleet": ("GET", "/plan?fleet=wbe", {}, 404, "no fleet 'wbe'; the nearest is web"),
    "instance": ("GET", "/why/i-9", {}, 404, "no instance 'i-9'"),
    "replacement": ("GET", "/replacements/r-opne", {}, 404, "the nearest is r-open"),
    "trace": ("GET", "/replacements/r-0/trace", {}, 404, "no replacement 'r-0'"),
    "limit": ("GET", "/replacements?limit=0", {}, 422, "limit: Input should be greater than or equal to 1"),
    "unknown query": ("GET", "/replacements?limti=1", {}, 422, "limti: Extra inputs are not permitted"),
    "body of a read": ("GET", "/fleets", {"data": b"x"}, 400, "takes no body"),
    "not json": ("POST", "/holds", {"data": b"target=web"}, 415, "has to be JSON"),
    "form": ("POST", "/holds", {"data": {"target": "web"}}, 415, "has to be JSON"),
    "broken json": ("POST", "/holds", {"data": b"{", "headers": {"Content-Type": "application/json"}}, 400, "not JSON"),
    "deep json": (
        "POST",
        "/holds",
        {"data": b"[" * 9000, "headers": {"Content-Type": "application/json"}},
        400,
        "not JSON",
    ),
    "too large": (
        "POST",
        "/holds",
        {"data": b" " * 20_000, "headers": {"Content-Type": "application/json"}},
        413,
        "larger",
    ),
    "no reason": ("POST", "/holds", {"json": {"target": "web"}}, 422, "reason: Field required"),
    "blank reason": ("POST", "/holds", {"json": {"target": "web", "reason": " "}}, 422, "needs a reason"),
    "unknown key": ("POST", "/holds", {"json": {"target": "web", "reason": "x", "until": 1}}, 422, "until: Extra"),
    "no fleet": ("POST", "/holds", {"json": {"target": "wbe", "reason": "x"}}, 404, "the nearest is web"),
    "duration": ("POST", "/holds", {"json": {"target": "web", "reason": "x", "for": "2 h"}}, 422, "must be a duration"),
    "resume": ("DELETE", "/holds/ap", {}, 404, "no fleet or instance 'ap'; the nearest is api"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_gets_its_status_and_a_sentence(served: Served, case: str) -> None:
    method, path, options, wanted, words = WRONG[case]
    headers = {"Authorization": f"Bearer {OPERATOR}", **options.get("headers", {})}
    sent = {**options, "headers": headers}
    async with served.client.request(method, f"/api/v1{path}", **sent) as response:
        document = await response.json(content_type="application/problem+json")
        assert (response.status, document["status"]) == (wanted, wanted), document
        assert words in document["detail"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
    assert await served.journal.holds(NOON) == ()


async def test_a_look_by_another_version_is_no_fault_of_the_server(served: Served) -> None:
    lease = await lease_of(served.journal)
    old = TickRecord("web", NOON, "odd", Memory(), {"name": "web", "instances": [], "settled": 1, "next_look_at": None})
    await served.journal.record_tick(old, lease)
    status, document = await served.get("/plan", token=READER)
    assert (status, "another version" in document["detail"]) == (503, True)


async def test_a_fault_of_ours_is_a_500_without_a_word_of_where(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(now: object) -> None:
        raise ValueError("hunter2 at line 7")

    monkeypatch.setattr(served.journal, "holds", breaks)
    with capture_logs() as logs:
        status, document = await served.get("/holds", token=READER)
    assert status == 500
    assert document["detail"] == "this request met a fault of Repave; its log says more"
    assert [line["event"] for line in logs] == ["a request broke"]


async def test_without_its_journal_it_says_so(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(now: object) -> None:
        raise JournalUnavailable("there is no file")

    monkeypatch.setattr(served.journal, "holds", away)
    async with served.client.get("/api/v1/holds", headers={"Authorization": f"Bearer {READER}"}) as response:
        document = await response.json(content_type=None)
        assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert document["detail"] == "the journal cannot be used now: there is no file"
