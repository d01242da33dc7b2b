"""HTTP/1.1 responses without the interim ones before them (RFC 9110, 15.2).

`http.client`, and with it urllib3 and botocore, mistakes a 102 or 103 for the response. The real response is then read
by the next user of the connection, as the response to another request.
"""

import http.client

MAX_INTERIM = 100
"""How many interim responses may come before the final one."""


class FinalResponse(http.client.HTTPResponse):
    """A response class for connections of `http.client`."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 <= status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException("there are only interim responses")
