"""The service, as the client calls it. Each call is retried until it gets a response."""

from collections.abc import Mapping, Sequence
from typing import Any

from valetkey.client.errors import ClientError
from valetkey.client.remote import answers, calls
from valetkey.client.remote.calls import Call, Json
from valetkey.client.remote.retry import Retrier
from valetkey.client.transport.connections import Connections
from valetkey.client.transport.responses import HttpResponse


class Service:
    """The service at ``endpoint``. Every method raises `Unreachable`, `Interrupted` and `Refused`."""

    def __init__(self, endpoint: str, token: str | None, connections: Connections, retrier: Retrier) -> None:
        self._endpoint = endpoint
        self._token = token
        self._connections = connections
        self._retrier = retrier

    def create(self, request: Mapping[str, Any]) -> Json:
        """Creates an upload: ``{upload, grant, ticket}``. Raises `Rejected` if its profile does not accept the file."""
        return self.call(calls.create(request))[1]

    def create_many(self, requests: Sequence[Mapping[str, Any]]) -> list[Json | ClientError | None]:
        """Creates several uploads: for each, in order, ``{upload, grant, ticket}`` or its error. None stands for an
        upload that has to be created by a separate call."""
        response, body = self.call(calls.create_many(requests))
        results = body["results"]
        if not isinstance(results, list) or len(results) != len(requests):
            raise answers.not_valetkey(response, self._endpoint)
        return [answers.read_result(result, self._endpoint) for result in results]

    def renew_grant(self, upload_id: str, ticket: str) -> Json:
        """Gets a new grant. Raises `UploadNotFound`, and `Conflict` if the bytes have arrived or it cannot be
        renewed."""
        renewed: Json = self.call(calls.renew_grant(upload_id), ticket)[1]["grant"]
        return renewed

    def get(self, upload_id: str, ticket: str) -> Json:
        """The upload. Raises `UploadNotFound`."""
        return self.call(calls.get(upload_id), ticket)[1]

    def list_parts(self, upload_id: str, ticket: str) -> Json:
        """The parts that the store has: ``{parts: [{number, size, etag}], part_size, part_count}``."""
        return self.call(calls.list_parts(upload_id), ticket)[1]

    def sign_parts(
        self, upload_id: str, ticket: str, numbers: Sequence[int], checksums: Mapping[int, str] | None = None
    ) -> list[Json]:
        """``{number, size, url, headers, expires_at}`` for each part. Raises `Conflict` like `renew_grant`.

        ``checksums`` are the SHA-256 in base64 by number, if the grant requires them.
        """
        return list(self.call(calls.sign_parts(upload_id, numbers, checksums), ticket)[1]["parts"])

    def complete(self, upload_id: str, ticket: str, parts: Sequence[Json] | None = None) -> tuple[Json, float | None]:
        """The upload, and the seconds until it is to be requested again; None if it is in its final state.

        ``parts`` lists its parts as ``{number, etag}``; None leaves that to the store's list.

        Raises `Conflict` and `UploadNotFound`.
        """
        return self.completed(calls.complete(upload_id, parts), ticket)

    def completed(self, call: Call, ticket: str | None = None) -> tuple[Json, float | None]:
        """The same for a completion as a ``call``."""
        response, upload = self.call(call, ticket)
        return upload, answers.poll_delay(response)

    def abort(self, upload_id: str, ticket: str) -> None:
        """Aborts an upload, and removes its bytes from the store."""
        self.call(calls.remove(upload_id), ticket)

    def call(self, call: Call, ticket: str | None = None) -> tuple[HttpResponse, Json]:
        """Makes ``call`` with an upload's own ``ticket``, or with the client's credential. Returns the response and its
        body."""
        address, headers, payload = self._endpoint + call.path, call.headers_for(ticket or self._token), call.payload

        def attempt() -> tuple[HttpResponse, Json]:
            response = self._connections.request(call.method, address, headers, payload, slow=call.slow)
            return response, answers.read(response, call, self._endpoint)

        return self._retrier.call(attempt)
