"""A store whose HEAD returns no ETag, as the JuiceFS gateway by default: nothing is pinned, so nothing is confirmed.

Every completion was a 500 there, and the sweep ended at the first such upload.
"""

import pytest
from tests.e2e.conftest import Service
from tests.e2e.test_stores import keys_with, methods, sent, servers, service
from tests.support.servers import run_valetkey
from tests.support.store_kinds import WITHOUT_ETAG

__all__ = ["servers", "service"]


@pytest.mark.parametrize("service", sorted(WITHOUT_ETAG), indirect=True)
def test_it_is_said(service: Service) -> None:
    """By a 503 with the reason, however it was sent; no bytes are lost, and the sweep goes on."""
    for method in methods(service):
        created = sent(service, method)
        answer = service.api.complete(created.id)
        assert answer.status_code == 503, answer.text
        assert "ETag" in answer.json()["detail"]
        run_valetkey("uploads", "sweep", env=service.server.env, directory=service.server.directory)
        assert service.api.upload(created.id)["state"] in {"pending", "stored"}
        assert keys_with(service, created.id) != []
