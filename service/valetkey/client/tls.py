"""What an address and its TLS have to do with each other, where they do not fit: nothing of it passes by waiting."""

import http.client
import socket
import ssl
from urllib.parse import SplitResult

from valetkey.client.errors import Unreachable

PLAIN = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})
"""How OpenSSL calls an answer that is no TLS, as far as we have seen."""

UNKNOWN_ISSUER = frozenset({18, 19, 20, 21})
"""OpenSSL's X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT and the three behind it: no authority that we know."""

PROBE_SECONDS = 5.0


def mistake(address: SplitResult, error: Exception) -> Unreachable | None:
    """What is wrong with ``address``, where ``error`` comes from that; None where it may pass."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable("certificate_not_trusted", _not_trusted(address.netloc, error))
    if isinstance(error, ssl.SSLError) and error.reason in PLAIN:
        return Unreachable("no_tls", f"{address.netloc} does not speak TLS: is its address http:// and not https://?")
    hung_up = isinstance(error, ConnectionResetError | http.client.BadStatusLine)  # RemoteDisconnected is both
    if hung_up and address.scheme == "http" and _speaks_tls(address):
        return Unreachable("tls_only", f"{address.netloc} speaks TLS: its address is https:// and not http://.")
    return None


def _not_trusted(netloc: str, error: ssl.SSLCertVerificationError) -> str:
    said = f"The certificate of {netloc} is not trusted: {error.verify_message.rstrip('.')}."
    hint = " The variable SSL_CERT_FILE names a file with the certificates of authorities to trust."
    return said + (hint if error.verify_code in UNKNOWN_ISSUER else "")


def _speaks_tls(address: SplitResult) -> bool:
    """Whether a handshake succeeds. Nothing is sent in it, so it does not matter with whom."""
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
