"""Clients for tests: one for the API, and one that plays a page of the application in a browser."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

from flask.testing import FlaskClient

from valetkey.adapters.memory import MemoryStore
from valetkey.adapters.memory.policies import StoreAnswer
from valetkey.api.page_tickets import PATH
from valetkey.reference.file_types import type_of

FilePart = bytes | tuple[bytes | BinaryIO, str] | tuple[bytes | BinaryIO, str, str]
"""A file, as for Werkzeug's test client: content, file name, content type. If the type is omitted, it is derived from
the name; bytes alone are a ``file.bin``."""


class TestClient:
    """Plays a client: creates an upload, sends the bytes to the store, and completes the upload."""

    __test__ = False  # for pytest: it is not a test class

    def __init__(self, http: FlaskClient, stores: Sequence[MemoryStore], prefix: str, credential: str | None) -> None:
        self._http = http
        self._stores = stores
        self._uploads = f"{prefix}/v1/uploads"
        self._headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}

    def upload(self, content: bytes, **asked: Any) -> dict[str, Any]:
        """Performs all three steps. ``asked`` are further fields of the request (filename, profile, metadata, ...).

        Returns the upload. Raises `AssertionError` if a step is refused.
        """
        granted = self.ask(len(content), **asked)
        answer = self.send(granted, content)
        assert answer.status < 400, f"the store refused it: {answer.code}"  # noqa: S101
        return self.complete(granted)

    def ask(self, size: int, **asked: Any) -> dict[str, Any]:
        """Creates an upload of ``size`` bytes: ``{upload, grant, ticket}``. Raises `AssertionError` if it is
        refused."""
        body = {"filename": "file.bin", "content_type": "application/octet-stream", "size": size} | asked
        answer = self._http.post(self._uploads, json=body, headers=self._headers)
        assert answer.status_code == 201, answer.text  # noqa: S101
        granted: dict[str, Any] = answer.get_json()
        return granted

    def send(self, granted: Mapping[str, Any], content: bytes, **changed: str) -> StoreAnswer:
        """Sends ``content`` with the grant, with some of its fields or headers ``changed``. Returns the store's
        response.

        A multipart upload stops at the first part that is refused; the response is that to the last part that was sent.
        """
        grant = granted["grant"]
        match grant["method"]:
            case "POST":
                return self._at(grant["url"]).post(list((grant["fields"] | changed).items()), content)
            case "PUT":
                return self._at(grant["url"]).send(grant["url"], grant["headers"] | changed, content)
            case _:
                return self._send_parts(granted, content, changed)

    def _at(self, url: str) -> MemoryStore:
        return next(store for store in self._stores if url.startswith(store.post_url))

    def _send_parts(self, granted: Mapping[str, Any], content: bytes, changed: Mapping[str, str]) -> StoreAnswer:
        size, answer = granted["grant"]["part_size"], StoreAnswer(200)
        numbers = list(range(1, granted["grant"]["part_count"] + 1))
        for part in self._call(granted, "parts", {"numbers": numbers})["parts"]:
            piece = content[(part["number"] - 1) * size :][:size]
            answer = self._at(part["url"]).send(part["url"], part["headers"] | changed, piece)
            if answer.code is not None:
                break
        return answer

    def complete(self, granted: Mapping[str, Any]) -> dict[str, Any]:
        """Completes the upload; returns it, or the problem document."""
        return self._call(granted, "complete", {})

    def _call(self, granted: Mapping[str, Any], what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {granted['ticket']}"}
        answer = self._http.post(f"{self._uploads}/{granted['upload']['id']}/{what}", headers=headers, json=body)
        said: dict[str, Any] = answer.get_json()
        return said


class Page:
    """Plays a page of the application in a browser, with its ``<valet-upload>``, for the user who is logged in to
    ``http``, by the application's own login and ``owner_loader``."""

    def __init__(self, http: FlaskClient, stores: Sequence[MemoryStore], prefix: str, work: Callable[[], None]) -> None:
        self._http, self._stores, self._prefix, self._work = http, stores, prefix, work

    def ticket(self, profile: str = "default") -> str:
        """The ticket that the page gets. Raises `AssertionError` if it is refused, because nobody is logged in."""
        asked = {"profile": profile}
        answer = self._http.post(f"{self._prefix}{PATH}", json=asked, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 200, answer.text  # noqa: S101
        return str(answer.get_json()["ticket"])

    def field(self, name: str, *files: FilePart, profile: str = "default", **asked: Any) -> dict[str, list[str]]:
        """Uploads ``files``, and returns the form data that ``<valet-upload name=... profile=...>`` then adds to its
        form: their ids, by the field's name. ``asked`` are further fields of each request for an upload (metadata,
        ...).

        Raises `AssertionError` with the reason if a file is refused or not confirmed: the form is not sent then.
        """
        if not files:
            return {}
        client = TestClient(self._http, self._stores, self._prefix, self.ticket(profile))
        return {name: [self._upload(client, file, asked) for file in files]}

    def _upload(self, client: TestClient, file: FilePart, asked: Mapping[str, Any]) -> str:
        content, filename, content_type = _parts_of(file)
        granted = client.ask(len(content), **{"filename": filename, "content_type": content_type, **asked})
        answer = client.send(granted, content)
        assert answer.status < 400, f"the store refused {filename}: {answer.code}"  # noqa: S101
        upload = client.complete(granted)
        if upload.get("state") == "stored":
            self._work()  # as a page waits for the worker, which checks the content
            upload = client.complete(granted)
        assert upload.get("state") == "confirmed", f"{filename} is not confirmed: {upload}"  # noqa: S101
        return str(upload["id"])


def _parts_of(file: FilePart) -> tuple[bytes, str, str]:
    """Content, file name and type of ``file``."""
    if isinstance(file, bytes):
        return file, "file.bin", "application/octet-stream"
    content, filename, *rest = file
    data = content if isinstance(content, bytes) else content.read()
    return data, filename, rest[0] if rest else type_of(filename)
