"""Metrics, log lines and API documents of the gateway."""

import httpx
import pytest
import structlog
from fastapi import FastAPI

from infra.processes.gateway_exposure import OpenToTheNetwork, check_exposure
from infra.settings import Settings
from tests.gateway.every_route import operations
from tests.gateway.requests import ADA, created
from workers.gateway.documentation import assets_folder


async def test_requests_are_counted_by_route_and_not_by_path(http: httpx.AsyncClient) -> None:
    await created(http, user_id="ada-1")
    await http.get("/users/ada-1")
    await http.get("/users/nobody")
    await http.request("BREW", "/coffee")
    metrics = (await http.get("/metrics")).text
    assert 'annals_http_requests_total{method="GET",route="/users/{user_id}",status="404"}' in metrics
    assert 'annals_http_requests_total{method="other",route="none",status="404"}' in metrics
    assert "ada-1" not in metrics


async def test_the_log_has_a_line_without_the_query(http: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as lines:
        await http.get("/users?email=ada@example.org", headers={"X-Correlation-Id": "shop/42"})
        await http.post("/users", json={**ADA, "password": "correct horse"}, headers={"Idempotency-Key": "key-1"})
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["path"], line["status"]) for line in requests] == [("/users", 200), ("/users", 201)]
    assert requests[0]["correlation_id"] == "shop/42"
    for secret in ("ada@example.org", "correct horse", "key-1"):
        assert secret not in str(lines)


async def test_the_api_document_has_every_route_and_error(http: httpx.AsyncClient, app: FastAPI) -> None:
    document = (await http.get("/openapi.json")).json()
    paths = document["paths"]
    listed = {(path, method) for path in paths for method in paths[path]}
    of_declarations = {(operation.path, operation.method.lower()) for operation in operations()} - {
        (operation.path, operation.method.lower()) for operation in operations(declared=False)
    }
    assert listed - of_declarations == {
        ("/users", "post"),
        ("/users", "get"),
        ("/users/{user_id}", "get"),
        ("/users/{user_id}", "put"),
        ("/users/{user_id}", "patch"),
        ("/users/{user_id}", "delete"),
        ("/users/{user_id}/orders", "get"),
        ("/orders", "post"),
        ("/orders/{order_id}", "get"),
        ("/orders/{order_id}/cancel", "post"),
        ("/orders/{order_id}/ship", "post"),
        ("/orders/{order_id}/deliver", "post"),
        ("/accounts/{user_id}", "get"),
        ("/accounts/{user_id}/deposits", "post"),
        ("/stock/{sku}", "get"),
        ("/stock/{sku}/receipts", "post"),
        ("/users/{user_id}/history", "get"),
        ("/users/{user_id}/undo", "post"),
        ("/orders/{order_id}/history", "get"),
        ("/orders/{order_id}/undo", "post"),
        ("/accounts/{user_id}/history", "get"),
        ("/stock/{sku}/history", "get"),
        ("/analytics/{metric}", "get"),
        ("/correlations/{correlation_id}", "get"),
        ("/commands/{command_id}", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
    }
    rejection = paths["/users"]["post"]["responses"]["422"]["content"]
    assert list(rejection) == ["application/problem+json"]
    assert "password" in document["components"]["schemas"]["NewUser"]["properties"]


async def test_the_page_of_the_api_document_works(http: httpx.AsyncClient) -> None:
    page = await http.get("/docs")
    assert "/openapi.json" in page.text
    if assets_folder() is not None:
        assert "https://" not in page.text, "the page needs the internet"
        assert (await http.get("/docs/assets/swagger-ui-bundle.js")).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_the_gateway_listens_on_loopback(host: str) -> None:
    check_exposure(Settings(http_host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "annals.example.org", ""])  # noqa: S104 - refused
def test_without_authentication_it_listens_nowhere_else(host: str) -> None:
    with pytest.raises(OpenToTheNetwork, match="ANNALS_HTTP_HOST"):
        check_exposure(Settings(http_host=host))


def test_with_authentication_it_may_listen_anywhere() -> None:
    oidc = Settings(http_host="10.0.0.1", auth="oidc", auth_issuer="https://login.example.org", auth_audience="annals")
    check_exposure(oidc)


def test_but_not_for_the_tokens_of_development() -> None:
    development = Settings(http_host="10.0.0.1", auth="oidc", auth_development_issuer=True)
    with pytest.raises(OpenToTheNetwork, match="ANNALS_AUTH_DEVELOPMENT_ISSUER"):
        check_exposure(development)
    check_exposure(development.model_copy(update={"http_host": "::1"}))
