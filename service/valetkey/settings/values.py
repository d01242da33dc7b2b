"""The allowed values of settings: URLs, origins, secrets."""

import base64
import re
from typing import Literal
from urllib.parse import unquote, urlsplit

Lack = Literal["post", "conditional-put", "list-parts", "dead-parts", "atomic-copy", "object-lock"]
"""What a store may not be able to do."""


def http_url(value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)  # which drops tabs and line ends without a word
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise ValueError("must be ASCII without spaces and line ends: a host with other letters in its xn-- form")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http or https URL")
    if parts.port == 0:  # what is no port at all is a ValueError by itself
        raise ValueError("has the port 0")
    return value


def plain_url(value: str | None) -> str | None:
    """``value``, which logs have and clients are told. Raises ValueError."""
    if "@" in urlsplit(http_url(value) or "").netloc:
        raise ValueError("must have no user and no password")
    return value


def own_address(value: str | None) -> str | None:
    """``value`` as an address that paths of ours are put behind. Raises ValueError."""
    plain_url(value)
    if "?" in (value or "") or "#" in (value or ""):
        raise ValueError("must have no query and no fragment: the paths of the API follow it")
    return value


def address_of(host: str, port: int) -> str:
    """Where a server is that listens on ``host``, which may be an IPv6 address."""
    return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else f"http://{host}:{port}"


def endpoint_address(value: str | None) -> str | None:
    parts = urlsplit(value or "")
    if "@" in parts.netloc:
        raise ValueError("must have no user: credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if parts.query or parts.fragment:
        raise ValueError("must have no query and no fragment: it is the address of the store, not of an object")
    return value


_SERVERS = {"minio", "ceph", "rgw", "storage", "objects", "objectstorage"}
"""What hosts of stores are called: a bucket of such a name says nothing about a host that begins with it."""


def bucket_in(endpoint_url: str | None, bucket: str) -> str | None:
    """How ``bucket`` is named in the address of its store, if it is."""
    parts = urlsplit(endpoint_url or "")
    if bucket in unquote(parts.path).split("/"):
        return f"has the bucket {bucket!r} in its path"
    host, name = parts.hostname or "", bucket.lower()
    if host.startswith(name + ".") and name not in _SERVERS:
        return f"has the bucket {bucket!r} in its host"
    return None


_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def origin_of(text: str) -> str:
    """``text`` as a browser sends it. Raises ValueError that says what is wrong with it."""
    origin = text.lower()
    scheme, colon, rest = origin.partition("://")
    if text == "*":
        raise ValueError("* allows every origin: it stands alone")
    if not colon:
        raise ValueError(f"{text!r} has no scheme: https://app.example")
    if rest.endswith("/") and "/" not in rest[:-1]:
        raise ValueError(f"{text!r} must have no slash at its end")
    if "/" in rest:
        raise ValueError(f"{text!r} must have no path: an origin is a scheme, a host and a port")
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(f"{text!r} is no origin: https://app.example, with a host in ASCII (xn--...)")
    if (scheme, rest.rpartition("]")[2].partition(":")[2]) in {("http", "80"), ("https", "443")}:
        raise ValueError(f"{text!r} names the port that browsers leave out: leave it out")
    return origin


def is_whsec(text: str) -> bool:
    """Whether it is a secret as Standard Webhooks has it."""
    try:
        raw = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    return text.startswith("whsec_") and 24 <= len(raw) <= 64
