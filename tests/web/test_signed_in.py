"""Who signed in at the load balancer, at the API's own socket: what they may, under which name, and from which page."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.app.clients import SharedClients
from controller.app.tokens import load_balancer
from controller.clock import SystemClock
from controller.settings import SignedIn
from controller.web.server import MOST_HEADER_BYTES
from tests.support.load_balancer import ARN, CLAIMS, CLIENT_ID, ISSUER, LoadBalancer, key_server
from tests.web.conftest import OPERATOR, READER, TOKENS, Served

HOLD = {"target": "web", "reason": "lunch"}
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Front:
    """The load balancer in front of the API."""

    served: Served
    signer: LoadBalancer
    clients: SharedClients
    keys_url: str

    def trust(self, may: str) -> None:
        wanted = SignedIn(ARN, ISSUER, CLIENT_ID, None, may, self.keys_url)
        self.served.access.replace(TOKENS, load_balancer(wanted, self.clients, SystemClock()))

    def headers(self, **changes: Any) -> dict[str, str]:
        word = self.signer.word(time.time() + 120, **changes)
        return {"x-amzn-oidc-data": word, "x-amzn-oidc-identity": "root", "x-amzn-oidc-accesstoken": "root"}


@pytest.fixture
async def front(served: Served) -> AsyncIterator[Front]:
    clients = SharedClients(SystemClock())
    async with key_server() as keys:
        made = Front(served, LoadBalancer(), clients, keys.url)
        keys.publish(made.signer)
        made.trust("read")
        yield made
        await clients.aclose()


async def test_whoever_signed_in_may_read_and_no_more(front: Front) -> None:
    for path in ("/fleets", "/openapi.json"):
        assert (await front.served.get(path, headers=front.headers()))[0] == 200
    status, document = await front.served.ask("POST", "/holds", headers={**front.headers(), **OWN_PAGE}, json=HOLD)
    assert (status, document["detail"]) == (
        403,
        "alice@example.org, signed in at the load balancer, may only read; use a token that may operate",
    )
    assert (await front.served.get("/fleets"))[0] == 401


async def test_one_who_may_operate_is_recorded_by_name(front: Front) -> None:
    front.trust("operate")
    headers = {**front.headers(), **OWN_PAGE}
    with capture_logs() as logs:
        status, hold = await front.served.ask("POST", "/holds", headers=headers, json=HOLD)
    assert (status, hold["by"]) == (201, "alice@example.org")
    assert [line["user.name"] for line in logs] == ["alice@example.org"]
    assert headers["x-amzn-oidc-data"] not in str(logs)
    assert (await front.served.ask("DELETE", "/holds/web", headers=headers))[0] == 200


async def test_no_other_sites_page_acts_with_their_browser(front: Front) -> None:
    front.trust("operate")
    for page in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        for method, path, body in (("POST", "/holds", HOLD), ("DELETE", "/holds/web", None)):
            status, document = await front.served.ask(method, path, headers={**front.headers(), **page}, json=body)
            assert (status, "own pages" in document["detail"]) == (403, True)
    form = {**front.headers(), **OWN_PAGE, "Content-Type": "text/plain"}
    assert (await front.served.ask("POST", "/holds", headers=form, data="{}"))[0] == 415
    assert (await front.served.get("/holds", token=READER))[1]["holds"] == []


async def test_a_token_goes_before_the_load_balancers_word(front: Front) -> None:
    _, hold = await front.served.ask("POST", "/holds", OPERATOR, headers=front.headers(), json=HOLD)
    assert hold["by"] == "alice", "the token's name, and no question where the page is from"
    assert (await front.served.get("/fleets", token="unknown-0123456789abcdef", headers=front.headers()))[0] == 401


async def test_a_word_that_is_no_good_is_401_and_not_in_the_log(front: Front) -> None:
    headers = front.headers(signer=ARN.replace("repave", "other"))
    with capture_logs() as logs:
        for _ in range(30):
            status, document = await front.served.get("/fleets", headers=headers)
            assert status == 401
            assert document["detail"].startswith("the load balancer's word for who you are is not taken: ")
    assert len(logs) == 20, "and the log is not filled by it"
    assert headers["x-amzn-oidc-data"] not in str(logs)
    assert (await front.served.get("/fleets", headers=front.headers()))[0] == 200, "nobody is locked out"


async def test_two_words_are_one_too_many(front: Front) -> None:
    headers = [("x-amzn-oidc-data", front.headers()["x-amzn-oidc-data"])] * 2
    async with front.served.client.get("/api/v1/fleets", headers=headers) as response:
        assert response.status == 400


async def test_without_the_setting_nobodys_word_is_taken(front: Front) -> None:
    front.served.access.replace(TOKENS)
    assert (await front.served.get("/fleets", headers=front.headers()))[0] == 401


async def test_many_claims_and_the_load_balancers_cookies_fit(front: Front) -> None:
    headers = front.headers(claims={**CLAIMS, "groups": ["g" * 40] * 190})
    assert 10_000 < len(headers["x-amzn-oidc-data"]) < MOST_HEADER_BYTES
    headers["Cookie"] = "AWSELBAuthSessionCookie-0=" + "c" * 15_000
    assert (await front.served.get("/fleets", headers=headers))[0] == 200
