"""The memory store's own presigned URLs, each of which allows one PUT, as S3's do."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from valetkey.adapters.memory.policies import StoreAnswer


@dataclass(frozen=True, slots=True)
class Put:
    """An allowed PUT: ``query`` is the URL's query, ``signed`` are its required headers."""

    key: str
    query: Mapping[str, str]
    signed: Mapping[str, str]


class PresignedUrls:
    """Signs URLs for ``bucket`` and checks requests to them."""

    def __init__(self, bucket: str, secret_key: str, clock: Callable[[], datetime]) -> None:
        self._bucket = bucket
        self._secret_key = secret_key
        self._clock = clock

    def sign(self, key: str, asked: Mapping[str, str], headers: Mapping[str, str], expires_in: int) -> str:
        """A URL that is valid for ``expires_in`` seconds, with the key, the query and the names of required headers."""
        signed = {name.lower(): value for name, value in headers.items()}
        expires = str(self._clock().timestamp() + expires_in)
        query = {**asked, "expires": expires, "headers": ";".join(signed)}
        query["signature"] = self._signature(key, query, signed)
        return f"memory://{self._bucket}/{quote(key)}?{urlencode(query)}"

    def judge(self, url: str, sent: Mapping[str, str]) -> Put | StoreAnswer:
        """The PUT to ``url`` with the headers ``sent`` (names in lower case), or S3's refusal of it."""
        parts = urlsplit(url)
        key, asked = unquote(parts.path).removeprefix("/"), dict(parse_qsl(parts.query, keep_blank_values=True))
        signed = {name: sent.get(name, "") for name in asked.get("headers", "").split(";") if name}
        if not hmac.compare_digest(asked.pop("signature", ""), self._signature(key, asked, signed)):
            return StoreAnswer(403, "SignatureDoesNotMatch")
        if float(asked["expires"]) <= self._clock().timestamp():
            return StoreAnswer(403, "AccessDenied")
        return Put(key, asked, signed)

    def _signature(self, key: str, asked: Mapping[str, str], headers: Mapping[str, str]) -> str:
        text = repr((key, sorted(asked.items()), sorted(headers.items())))
        return hmac.digest(self._secret_key.encode(), text.encode(), "sha256").hex()
