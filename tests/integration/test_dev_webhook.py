"""`valetkey dev` with a webhook: from a client's upload to the application that receives it."""

from base64 import b64encode
from collections.abc import Callable

import httpx
from standardwebhooks import Webhook
from tests.support.receiver import answer, running_receiver
from tests.support.servers import ValetkeyServer

SECRET = "whsec_" + b64encode(b"s" * 32).decode()


def test_dev_announces_what_was_uploaded(valetkey_server: Callable[..., ValetkeyServer]) -> None:
    """The confirmed upload arrives signed, exactly as the API answered with it; so does its deletion."""
    with running_receiver(answer(200)) as receiver:
        env = {
            "VALETKEY_WEBHOOK_URL": receiver.url,
            "VALETKEY_WEBHOOK_SECRETS": SECRET,
            "VALETKEY_WEBHOOK_ALLOW_PRIVATE": "true",
        }
        server = valetkey_server(command="dev", env=env)
        with httpx.Client(base_url=server.base_url) as api:
            asked = {"filename": "größe.txt", "content_type": "text/plain", "size": 5}
            made = api.post("/v1/uploads", json=asked).json()
            grant = made["grant"]
            httpx.post(grant["url"], data=grant["fields"], files={"file": b"hello"}).raise_for_status()
            path = f"/v1/uploads/{made['upload']['id']}"
            assert api.post(f"{path}/complete").json()["state"] == "confirmed"
            shown = api.get(path).json()
            assert api.delete(path).status_code == 204
        requests = receiver.wait_for(lambda received: len(received) == 2)
    said = {request.id: Webhook(SECRET).verify(request.body, request.headers) for request in requests}
    confirmed, deleted = said[f"{shown['id']}-confirmed"], said[f"{shown['id']}-deleted"]
    assert (confirmed["type"], confirmed["data"]) == ("upload.confirmed", shown)
    assert (deleted["type"], deleted["data"]) == ("upload.deleted", shown | {"state": "deleted"})
