"""`success_action_redirect`: S3 redirects the browser back to us, which confirms the upload."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.e2e.api import Created, assert_problem
from tests.e2e.conftest import RETURN_URL, Service

MISSING = "0192f0c1-2b3c-7d4e-8f50-123456789abc"


@pytest.fixture
def created(service: Service) -> Created:
    """An upload of one byte whose form has a redirect."""
    return service.api.create("text/plain", profile="returning", redirect=True)


def follow(location: str) -> httpx.Response:
    """A browser that has no credential opens the address."""
    return httpx.get(location, timeout=60)


def test_the_landing_confirms_and_returns_to_the_application(service: Service, created: Created) -> None:
    """POST → 303 to us → confirmed → 303 to the profile's return URL, its query kept, with id and state."""
    answer = created.post(b"x")
    assert answer.status == 303, answer.body
    location = str(answer.headers["location"])
    assert location.startswith(f"{service.server.base_url}/v1/uploads/{created.id}/return")

    landing = follow(location)

    assert landing.status_code == 303, landing.text
    target = urlsplit(landing.headers["location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == RETURN_URL.split("?")[0]
    expected = {"from": ["test"], "id": [created.id], "state": ["confirmed"]}
    assert parse_qs(target.query) == expected
    upload = service.api.upload(created.id)
    assert (upload["state"], upload["confirmed_by"]) == ("confirmed", "redirect")
    assert follow(location).headers["location"] == landing.headers["location"]


def test_the_redirect_is_signed(service: Service, created: Created) -> None:
    """A client cannot have the browser sent elsewhere, nor keep it from coming back."""
    elsewhere = created.fields | {"success_action_redirect": "http://127.0.0.1:9/evil"}
    assert created.post(b"x", elsewhere).status == 403
    without = {name: value for name, value in created.fields.items() if name != "success_action_redirect"}
    assert created.post(b"x", without).status == 403
    service.api.assert_still_pending(created.id)


def test_a_landing_before_the_bytes_confirms_nothing(service: Service, created: Created) -> None:
    """Opening the address early tells the state and changes nothing."""
    landing = follow(f"{service.server.base_url}/v1/uploads/{created.id}/return")
    assert landing.status_code == 303, landing.text
    assert parse_qs(urlsplit(landing.headers["location"]).query)["state"] == ["pending"]
    service.api.assert_still_pending(created.id)


def test_without_a_return_url_the_landing_shows_the_state(service: Service) -> None:
    """A profile that has no return URL gives a page that says what became of the upload, and no file name raw."""
    created = service.api.create("text/plain", filename="<script>alert(1)</script>", redirect=True)
    landing = follow(str(created.post(b"x").headers["location"]))
    assert landing.status_code == 200, landing.text
    assert "confirmed" in landing.text
    assert "<script>alert(1)" not in landing.text


def test_a_form_without_redirect_has_none(service: Service) -> None:
    """Only who asks for a redirect gets one."""
    assert "success_action_redirect" not in service.api.create().fields


@pytest.mark.parametrize("upload_id", [MISSING, "nonsense", "..%2f.."])
def test_a_landing_for_nothing(service: Service, upload_id: str) -> None:
    """An id that is not ours is 404, with no redirect anywhere."""
    answer = follow(f"{service.server.base_url}/v1/uploads/{upload_id}/return")
    assert answer.status_code == 404
    assert "location" not in answer.headers
    if "%" not in upload_id:
        assert_problem(answer, 404, "upload_not_found")
