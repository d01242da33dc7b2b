"""Validation of settings: URLs, origins, secrets."""

import base64
import re
from typing import Literal
from urllib.parse import unquote, urlsplit

Lack = Literal["post", "conditional-put", "list-parts", "dead-parts", "atomic-copy", "object-lock"]
"""A feature that a store may lack."""


def http_url(value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)  # it silently drops tabs and line breaks
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise ValueError(
            "must be ASCII without spaces and line breaks: write an internationalized host in its xn-- form"
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http or https URL")
    if parts.port == 0:  # for an invalid port, `port` itself raises ValueError
        raise ValueError("must not have the port 0")
    return value


def plain_url(value: str | None) -> str | None:
    """``value`` if it has no credentials: it appears in logs and in answers to clients. Raises ValueError."""
    if "@" in urlsplit(http_url(value) or "").netloc:
        raise ValueError("must have no user and no password")
    return value


def own_address(value: str | None) -> str | None:
    """``value`` if it is a URL that paths can be appended to. Raises ValueError."""
    plain_url(value)
    if "?" in (value or "") or "#" in (value or ""):
        raise ValueError("must have no query and no fragment: the API's paths are appended to it")
    return value


def address_of(host: str, port: int) -> str:
    """The URL of a server that listens on ``host``, which may be an IPv6 address."""
    return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else f"http://{host}:{port}"


def endpoint_address(value: str | None) -> str | None:
    parts = urlsplit(value or "")
    if "@" in parts.netloc:
        raise ValueError("must have no user: credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if parts.query or parts.fragment:
        raise ValueError("must have no query and no fragment: it is the URL of the store, not of an object")
    return value


_SERVERS = {"minio", "ceph", "rgw", "storage", "objects", "objectstorage"}
"""Usual names of a store's host: if a bucket has the same name, a host that begins with it need not mean the bucket."""


def bucket_in(endpoint_url: str | None, bucket: str) -> str | None:
    """Where ``endpoint_url`` contains ``bucket``, as the end of a sentence; None if it does not."""
    parts = urlsplit(endpoint_url or "")
    if bucket in unquote(parts.path).split("/"):
        return f"has the bucket {bucket!r} in its path"
    host, name = parts.hostname or "", bucket.lower()
    if host.startswith(name + ".") and name not in _SERVERS:
        return f"has the bucket {bucket!r} in its host"
    return None


def plain_bucket(value: object) -> object:
    """``value`` unless it names a bucket in a way that no form can be signed for. Raises ValueError."""
    if isinstance(value, str) and value.startswith("arn:"):
        raise ValueError("must not be an ARN: of an access point set the alias, which ends in -s3alias")
    if isinstance(value, str) and ":" in value:
        raise ValueError("must not have a colon: leave the tenant out, and use an access key of one of its users")
    return value


_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def origin_of(text: str) -> str:
    """``text`` as browsers send it in ``Origin``. Raises ValueError with what is wrong."""
    origin = text.lower()
    scheme, colon, rest = origin.partition("://")
    if text == "*":
        raise ValueError("* allows every origin, so it must be the only value")
    if not colon:
        raise ValueError(f"{text!r} has no scheme: write https://app.example")
    if rest.endswith("/") and "/" not in rest[:-1]:
        raise ValueError(f"{text!r} must have no slash at its end")
    if "/" in rest:
        raise ValueError(f"{text!r} must have no path: an origin is a scheme, a host and a port")
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(f"{text!r} is not an origin: write https://app.example, with the host in ASCII (xn--...)")
    if (scheme, rest.rpartition("]")[2].partition(":")[2]) in {("http", "80"), ("https", "443")}:
        raise ValueError(f"{text!r} has the default port, which browsers leave out: leave it out")
    return origin


def is_whsec(text: str) -> bool:
    """Whether ``text`` is a secret in the format of Standard Webhooks."""
    try:
        raw = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    return text.startswith("whsec_") and 24 <= len(raw) <= 64
