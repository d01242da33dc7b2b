"""The proxy that the environment names for https, as other commands have it: HTTPS_PROXY and NO_PROXY."""

import base64
import http.client
import ssl
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from valetkey.client.errors import Transient, Unreachable
from valetkey.client.reading import within_seconds

DEFAULT_PORT = 80


def proxy_for(address: SplitResult) -> SplitResult | None:
    """The way to an https address that is not in NO_PROXY. Plain http goes straight: it is for this machine.

    Raises `Unreachable` for what is no address of a proxy.
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
        raise Unreachable("proxy", "HTTPS_PROXY is no address of a proxy such as http://proxy.example:3128.")
    return parts


def tunnel(proxy: SplitResult, address: SplitResult, tls: ssl.SSLContext, seconds: float) -> http.client.HTTPConnection:
    """A connection to ``address`` by CONNECT: its TLS is spoken with the address itself.

    Raises `Unreachable` where the proxy does not take the request, and `Transient` for its other troubles.
    """
    where = f"{proxy.hostname}:{proxy.port or DEFAULT_PORT}"
    connection = http.client.HTTPSConnection(where, timeout=seconds, context=tls)
    connection.response_class = within_seconds(seconds)  # type: ignore[assignment]
    connection.set_tunnel(address.hostname or "", address.port or 443, _credential(proxy))
    try:
        connection.connect()
    except ssl.SSLError:
        raise  # that is said by the address
    except OSError as error:
        said = f"{address.netloc} cannot be reached by the proxy {where}: {error}."
        if str(error).startswith("Tunnel connection failed: 4"):
            raise Unreachable("proxy", said) from error
        raise Transient(said) from error
    return connection


def _credential(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
