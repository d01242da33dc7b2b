"""schemathesis: valid and invalid requests generated from the OpenAPI document; every response matches it.

Its pytest plugin is not used: 4.32 does not run under pytest 9.2, and a strategy per operation needs no plugin.
"""

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from tests.e2e.conftest import Service

BARE = [
    ("GET", "/v1/uploads"),
    ("GET", "/v1/profiles"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
]
WITH_BODY = [
    ("POST", "/v1/uploads"),
    ("POST", "/v1/uploads/batch"),
    ("POST", "/v1/events/{sender}"),
    ("POST", "/v1/tickets"),
    ("POST", "/v1/erasures"),
    ("GET", "/v1/claims"),
    ("POST", "/v1/claims"),
    ("POST", "/v1/claims/release"),
]
OF_ONE = [
    ("GET", "/v1/uploads/{id}"),
    ("DELETE", "/v1/uploads/{id}"),
    ("POST", "/v1/uploads/{id}/grant"),
    ("GET", "/v1/uploads/{id}/parts"),
    ("POST", "/v1/uploads/{id}/parts"),
    ("POST", "/v1/uploads/{id}/complete"),
    ("POST", "/v1/uploads/{id}/verdict"),
    ("POST", "/v1/uploads/{id}/claim"),
    ("POST", "/v1/uploads/{id}/release"),
    ("GET", "/v1/uploads/{id}/download"),
    ("GET", "/v1/uploads/{id}/return"),
]
OF_OWNERS = [("DELETE", "/v1/owners/{owner}"), ("GET", "/v1/erasures/{id}"), ("GET", "/v1/profiles/{name}")]
# what a document cannot say: a profile's rules, of which profile an upload is, that a cursor is one we gave, that there
# are such uploads, that a batch answers 200 with the errors of its uploads inside, that one `id` in a query is a list
EXCEPTIONS = {
    ("POST", "/v1/uploads"): [positive_data_acceptance],
    ("GET", "/v1/uploads"): [positive_data_acceptance, negative_data_rejection],
    ("POST", "/v1/tickets"): [positive_data_acceptance],
    ("GET", "/v1/claims"): [positive_data_acceptance],
    ("POST", "/v1/claims"): [positive_data_acceptance],
    ("POST", "/v1/claims/release"): [positive_data_acceptance],
    ("POST", "/v1/uploads/{id}/claim"): [positive_data_acceptance],
    ("POST", "/v1/uploads/batch"): [negative_data_rejection],
}

# any 4xx refuses a bad request: it may also be too long (413), which schemathesis does not count as refused
REFUSED = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": ["4xx", "5xx"]}}})

bounded = settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="session")
def document(service: Service) -> Any:
    """The document as the running service serves it."""
    return schemathesis.openapi.from_url(f"{service.server.base_url}/openapi.json", config=REFUSED)


def assert_conforms(service: Service, strategy: Any, exceptions: Any = ()) -> None:
    """Send what the strategy makes: no 5xx, and no status, header or body that the document does not have."""
    headers = {"Authorization": f"Bearer {service.api.token}"}

    @bounded
    @given(case=strategy)
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=headers, excluded_checks=list(exceptions))

    check()


def test_the_document_is_openapi_3_1_and_whole(service: Service) -> None:
    """It says 3.1, and the lists of this module name each of its operations: none goes untested."""
    document = httpx.get(f"{service.server.base_url}/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    documented = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert documented == {*BARE, *WITH_BODY, *OF_ONE, *OF_OWNERS}


def test_the_document_can_be_read_by_people(service: Service) -> None:
    """/docs/api is a page."""
    page = httpx.get(f"{service.server.base_url}/docs/api", follow_redirects=True)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("method", "path"), [*BARE, *WITH_BODY, *OF_ONE, *OF_OWNERS])
def test_good_requests(service: Service, document: Any, method: str, path: str) -> None:
    """Requests that the document allows; ids are made up."""
    strategy = document[path][method].as_strategy(GenerationMode.POSITIVE)
    assert_conforms(service, strategy, EXCEPTIONS.get((method, path), ()))


@pytest.mark.parametrize(("method", "path"), [BARE[0], *WITH_BODY, *OF_ONE, *OF_OWNERS])
def test_bad_requests(service: Service, document: Any, method: str, path: str) -> None:
    """Requests that break the document somewhere; ids are made up."""
    strategy = document[path][method].as_strategy(GenerationMode.NEGATIVE)
    assert_conforms(service, strategy, EXCEPTIONS.get((method, path), ()))


@pytest.mark.parametrize("state", ["pending", "confirmed", "aborted"])
@pytest.mark.parametrize(("method", "path"), OF_ONE)
def test_requests_for_an_upload_that_is_there(
    service: Service, document: Any, method: str, path: str, state: str
) -> None:
    """Requests that the document allows, for an upload in each of these states."""
    created = service.api.create()
    if state == "confirmed":
        assert created.post(b"x").status == 201
        service.api.confirm(created.id)
    if state == "aborted":
        assert service.api.http.delete(f"/v1/uploads/{created.id}").status_code == 204
    operation = document[path][method]
    strategy = operation.as_strategy(path_parameters={"id": created.id})
    assert_conforms(service, strategy, EXCEPTIONS.get((method, path), ()))
