"""Signed requests: SigV4 in the ``Authorization`` header (S3's API reference, "Authorization Header").

The signature is the same as botocore's, as a property test proves, at a fraction of the cost: each confirmation needs a
few.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

from valetkey.core.signing.credentials import ALGORITHM, Credentials, hmac_of, signing_hmac
from valetkey.core.signing.presign import BucketAddress

EMPTY = sha256(b"").hexdigest()
"""The digest of an empty body."""


class SignedRequest(NamedTuple):
    """A request ready to send: ``target`` is path and query, ``headers`` are all headers that it needs."""

    target: str
    headers: dict[str, str]


class RequestSigner:
    """Signs requests for the objects below ``base_url``, a bucket's URL with a trailing slash.

    Thread-safe.
    """

    def __init__(self, base_url: str, region: str) -> None:
        self.address = BucketAddress.parse(base_url)
        self._place = f"{region}/s3/aws4_request"

    def sign(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        credentials: Credentials,
        now: datetime,
    ) -> SignedRequest:
        """The request for ``method`` on ``key``, or on the bucket if that is empty, signed at ``now``, an aware time.

        ``headers`` are sent unchanged, and all of them are signed. Their values are ASCII.
        """
        path = self.address.path_of(key)
        escaped = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in query.items())
        text = "&".join([f"{name}={value}" for name, value in escaped])
        date = _date(int(now.timestamp()))
        digest = sha256(body).hexdigest() if body else EMPTY
        sent = {**headers, "Host": self.address.host, "X-Amz-Date": date, "X-Amz-Content-SHA256": digest}
        if credentials.token is not None:
            sent["X-Amz-Security-Token"] = credentials.token
        lines = sorted([(name.lower(), " ".join(value.split())) for name, value in sent.items()])
        names = ";".join([name for name, _ in lines])
        covered = "".join([f"{name}:{value}\n" for name, value in lines])
        canonical = f"{method}\n{path}\n{text}\n{covered}\n{names}\n{digest}"
        scope = f"{date[:8]}/{self._place}"
        to_sign = f"{ALGORITHM}\n{date}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        signature = hmac_of(signing_hmac(credentials.secret_key, scope), to_sign.encode()).hex()
        sent["Authorization"] = (
            f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        asked = text.removesuffix("=")  # `?delete` has no value, which is signed as an empty one
        return SignedRequest(f"{path}?{asked}" if asked else path, sent)


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y%m%dT%H%M%SZ")
