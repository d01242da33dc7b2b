"""Connection errors that a retry does not fix: an untrusted certificate, or http:// and https:// mixed up."""

import http.client
import socket
import ssl
from urllib.parse import SplitResult

from valetkey.client.errors import Unreachable

NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})
"""OpenSSL's reasons for a response that is not TLS, as far as they were observed."""

UNKNOWN_ISSUER = frozenset({18, 19, 20, 21})
"""OpenSSL's X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT and the three after it: the issuer is not a known authority."""

PROBE_SECONDS = 5.0
"""The time limit for the connection of the TLS probe, in seconds."""


def diagnose(address: SplitResult, error: Exception) -> Unreachable | None:
    """The error to raise if ``error`` comes from a permanent problem with ``address``; None if it may be transient."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable("certificate_not_trusted", _not_trusted(address.netloc, error))
    if isinstance(error, ssl.SSLError) and error.reason in NOT_TLS:
        return Unreachable("no_tls", f"{address.netloc} does not speak TLS: is its address http:// and not https://?")
    hung_up = isinstance(error, ConnectionResetError | http.client.BadStatusLine)  # RemoteDisconnected is both
    if hung_up and address.scheme == "http" and _speaks_tls(address):
        return Unreachable("tls_only", f"{address.netloc} speaks TLS: its address is https:// and not http://.")
    return None


def certificate_problem(netloc: str, error: BaseException) -> Unreachable | None:
    """The same for an ``error`` of another HTTP library, which has the original one among its causes."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable("certificate_not_trusted", _not_trusted(netloc, cause))
        cause = cause.__cause__ or cause.__context__
    return None


def _not_trusted(netloc: str, error: ssl.SSLCertVerificationError) -> str:
    detail = f"The certificate of {netloc} is not trusted: {error.verify_message.rstrip('.')}."
    hint = " Set SSL_CERT_FILE to a file with the certificates of the authorities to trust."
    return detail + (hint if error.verify_code in UNKNOWN_ISSUER else "")


def _speaks_tls(address: SplitResult) -> bool:
    """Whether a TLS handshake succeeds. No data is sent, so the peer is not verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address.hostname or "", address.port or 80), PROBE_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=address.hostname),
        ):
            return True
    except OSError:
        return False
