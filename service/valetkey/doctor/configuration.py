"""Checks of the configuration: secrets, URLs that respond, and certificates."""

import socket
import ssl
import stat
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import log2
from typing import Any
from urllib.parse import urlsplit

import orjson

from valetkey.adapters.s3 import NO_CREDENTIALS, find_credentials
from valetkey.core.access.tickets import Tickets
from valetkey.core.model.upload import new_upload_id
from valetkey.doctor.checks import Check, Group
from valetkey.doctor.findings import Finding, Skip, failed, passed, skipped, warned
from valetkey.doctor.store.grants import LIFE, probe_upload
from valetkey.doctor.visit import Visit
from valetkey.settings import ENV_FILE

GUESSABLE = 60
"""The minimum entropy in bits; a secret with less can be guessed."""

SHORT = 16
"""How many characters a sender's secret should have."""

SOON = timedelta(days=14)
"""A certificate that expires sooner is a finding."""

TLS_TIMEOUT = 8
"""Seconds to wait for a certificate."""


def settings(visit: Visit) -> Iterator[Finding]:
    """The settings that `serve` refuses to start without."""
    missing = visit.settings.missing()
    if find_credentials(visit.session) is None:
        missing.append(NO_CREDENTIALS)
    for sentence in missing:
        yield failed("settings", sentence, "`serve` and `worker` refuse to start without it.")
    if not missing:
        yield passed("settings", "Nothing that has to be set is missing.")
    yield passed("profiles", f"Profiles: {', '.join(sorted(visit.profiles)) or 'none that begins at this store'}.")


def secrets(visit: Visit) -> Iterator[Finding]:
    """Whether secrets can be guessed, judged by their characters alone; none of them is shown."""
    weak = [f"VALETKEY_{name.upper()}" for name, value in _secrets(visit) if bits(value) < GUESSABLE]
    short = [
        f"VALETKEY_{name.upper()}"
        for name, value in _secrets(visit)
        if name.startswith("events_") and len(value) < SHORT
    ]
    if weak:
        action = "Make another one: `openssl rand -hex 32`. Put a new secret key in front of the old one to rotate."
        yield failed("secrets", f"Easily guessed: {', '.join(dict.fromkeys(weak))}.", action)
    if short := [name for name in dict.fromkeys(short) if name not in weak]:
        yield warned("secrets", f"Short: {', '.join(short)}.", "Make another one: `openssl rand -hex 32`.")
    values = Counter(value for _, value in _secrets(visit))
    if max(values.values(), default=1) > 1:
        yield warned("secrets", "Two secrets are the same.", "Give each its own: a leaked one then opens one door.")
    elif not weak and not short:
        yield passed("secrets", f"No secret is easily guessed ({values.total()} checked).")
    yield from _env_file()


def _secrets(visit: Visit) -> list[tuple[str, str]]:
    """All configured secrets, with the names of their settings."""
    hidden = [name for name, field in type(visit.settings).model_fields.items() if not field.repr]
    found: list[tuple[str, Any]] = [(name, getattr(visit.settings, name)) for name in hidden if name != "database_url"]
    return [
        (name, text)
        for name, value in found
        for text in (value if isinstance(value, tuple) else (value,))
        if isinstance(text, str)
    ]


def bits(secret: str) -> float:
    """The maximum entropy of a secret, by the frequencies of its characters: 0 for ``aaaa``."""
    text = secret.removeprefix("whsec_")
    count = Counter(text)
    per_letter = -sum(n / len(text) * log2(n / len(text)) for n in count.values()) if text else 0.0
    return per_letter * len(text)


def _env_file() -> Iterator[Finding]:
    if not ENV_FILE.is_file():
        return
    mode = stat.S_IMODE(ENV_FILE.stat().st_mode)
    if mode & 0o077:
        yield warned("env-file", f".env can be read by others (mode {mode:04o}).", "chmod 600 .env")
    else:
        yield passed("env-file", ".env can be read by its owner alone.")


def public_url(visit: Visit) -> Iterator[Finding]:
    """Whether the public URL leads to this service, with the request's headers."""
    base = visit.settings.public_url
    if base is None:
        action = "Set VALETKEY_PUBLIC_URL: until then URLs in responses are those of each request's Host header."
        yield warned("public-url", "VALETKEY_PUBLIC_URL is not set.", action)
        return
    base = base.rstrip("/")
    answer = visit.wire.send("GET", f"{base}/healthz")
    if not answer.status:
        action = "Start `valetkey serve`; if it runs, check DNS, the proxy and its certificate."
        yield warned("public-url", f"Nothing responds at {base}: {answer.said}.", action)
        return
    if answer.status != 200 or _json(answer.body).get("status") != "ok":
        action = "Make the proxy pass this URL on to `valetkey serve`, with its path."
        yield failed("public-url", f"{base}/healthz is not valetkey's: {answer.said}.", action)
        return
    yield passed("public-url", f"valetkey answers at {base}.")
    yield from _authorization(visit, base)


def _authorization(visit: Visit, base: str) -> Iterator[Finding]:
    """Whether a ticket of ours arrives there and is accepted, recognized by the error for an unknown upload."""
    if not visit.settings.secret_keys:
        return
    upload = probe_upload(visit, new_upload_id())._replace(renewable_until=datetime.now(UTC) + LIFE)
    ticket = Tickets(visit.settings.secret_keys).sign_upload_ticket(upload)
    url = f"{base}/v1/uploads/{upload.id}"
    answer = visit.wire.send("GET", url, {"Authorization": f"Bearer {ticket}"})
    if answer.status == 404:
        yield passed("proxy-headers", "A proxy on the way, if there is one, passes Authorization on.")
    elif answer.status == 401:
        action = "Make the proxy pass Authorization on; if it does, give all processes the same VALETKEY_SECRET_KEYS."
        yield failed("proxy-headers", "A ticket signed here is unknown there, or does not arrive.", action)
    else:
        yield skipped("proxy-headers", f"Whether headers arrive is not known: {answer.said}.")


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


_CURES = {
    10: "Renew it.",
    62: "Use the name that it was issued for, or have one issued for this name.",
}
"""What to do, by OpenSSL's error number: expired, or issued for another host."""

_TRUST = (
    "Get one from a known authority, or let this machine trust its own: SSL_CERT_FILE; for the store AWS_CA_BUNDLE."
)


def certificates(visit: Visit) -> Iterator[Finding]:
    """Whether the certificate of each TLS endpoint is valid, and for how long."""
    wanted = {
        "VALETKEY_PUBLIC_URL": visit.settings.public_url,
        "VALETKEY_S3_ENDPOINT_URL": visit.settings.s3_endpoint_url,
        "VALETKEY_S3_PUBLIC_ENDPOINT_URL": visit.settings.s3_public_endpoint_url,
        "VALETKEY_WEBHOOK_URL": visit.settings.webhook_url,
    }
    urls = {name: urlsplit(url) for name, url in wanted.items() if url}
    secure = {name: parts for name, parts in urls.items() if parts.scheme == "https" and parts.hostname}
    if not secure:
        raise Skip("None of our URLs uses TLS.")
    for name, parts in secure.items():
        yield _certificate(visit, name, parts.hostname or "", parts.port or 443)


def _certificate(visit: Visit, name: str, host: str, port: int) -> Finding:
    try:
        ends = _end_of_certificate(host, port, visit.ca_bundle if "S3" in name else None)
    except ssl.SSLCertVerificationError as error:
        seen = f"The certificate of {host}:{port} ({name}) is not valid: {error.verify_message}."
        return failed("tls", seen, _CURES.get(error.verify_code, _TRUST))
    except OSError as error:
        return skipped("tls", f"No certificate of {host}:{port} ({name}): {error}.")
    left = ends - datetime.now(UTC)
    seen = f"The certificate of {host}:{port} ({name}) is valid for {left.days} more days."
    return warned("tls", seen, "Renew it in time.") if left < SOON else passed("tls", seen)


def _end_of_certificate(host: str, port: int, ca_bundle: str | None) -> datetime:
    context = ssl.create_default_context(cafile=ca_bundle)
    with (
        socket.create_connection((host, port), TLS_TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        shown = secured.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)


GROUP = Group(
    "configuration",
    (
        Check("settings", settings, 20),
        Check("secrets", secrets, 10),
        Check("public-url", public_url, 40),
        Check("tls", certificates, 60),
    ),
)
