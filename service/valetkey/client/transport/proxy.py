"""The HTTPS proxy from the environment, as for other commands: HTTPS_PROXY and NO_PROXY."""

import base64
import http.client
import ssl
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from valetkey.client.errors import Transient, Unreachable
from valetkey.client.transport.deadline import response_within

DEFAULT_PORT = 80


def find_proxy(address: SplitResult) -> SplitResult | None:
    """The proxy for an HTTPS address that NO_PROXY does not name. Plain HTTP, meant for this machine, uses none.

    Raises `Unreachable` when HTTPS_PROXY is not the address of a proxy.
    """
    proxy = getproxies().get("https")
    if address.scheme != "https" or not proxy or proxy_bypass(address.hostname or ""):
        return None
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        usable = parts.scheme == "http" and bool(parts.hostname) and (parts.port or DEFAULT_PORT) > 0
    except ValueError:  # the port
        usable = False
    if not usable:
        raise Unreachable("proxy", "HTTPS_PROXY is not the address of a proxy, such as http://proxy.example:3128.")
    return parts


def open_tunnel(
    proxy: SplitResult, address: SplitResult, tls: ssl.SSLContext, seconds: float
) -> http.client.HTTPConnection:
    """Connects to ``address`` by CONNECT. TLS is spoken with the address itself. ``seconds`` limits each step.

    Raises `Unreachable` when the proxy refuses the request, and `Transient` when it fails in another way.
    """
    where = f"{proxy.hostname}:{proxy.port or DEFAULT_PORT}"
    connection = http.client.HTTPSConnection(where, timeout=seconds, context=tls)
    connection.response_class = response_within(seconds)  # type: ignore[assignment]
    connection.set_tunnel(address.hostname or "", address.port or 443, _credential(proxy))
    try:
        connection.connect()
    except ssl.SSLError:
        raise  # the address itself is at fault, not the proxy
    except OSError as error:
        detail = f"{address.netloc} cannot be reached through the proxy {where}: {error}."
        if str(error).startswith("Tunnel connection failed: 4"):
            raise Unreachable("proxy", detail) from error
        raise Transient(detail) from error
    return connection


def _credential(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
