"""`valetkey put` over TLS: radosgw by itself, the service behind a proxy."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.e2e.conftest import service_on
from tests.e2e.proxy import StoreProxy
from tests.e2e.putting import MIB, PROFILES, Done, Terminal
from tests.e2e.tls_servers import Authority, ConnectProxy, TlsProxy, tls_gateway
from tests.support.servers import running_valetkey
from tests.support.stores import Rgw, fresh_bucket

BIG = os.urandom(12 * MIB + 1)


@dataclass(frozen=True)
class House:
    """A service whose grants lead to ``store``; the same service behind TLS at ``front``."""

    terminal: Terminal
    authority: Authority
    front: str
    store: str

    def put(self, *args: str, endpoint: str | None = None, authority: str | None = None, **more: str) -> Done:
        """Send the files, with our authority trusted unless another is given. ``more`` is for the environment."""
        env = {"VALETKEY_ENDPOINT": endpoint or self.front, "NO_PROXY": "", "HTTPS_PROXY": ""} | more
        env["SSL_CERT_FILE"] = str(self.authority.file) if authority is None else authority
        return self.terminal.put(*args, env=env)


@pytest.fixture(scope="module")
def house(rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all: nothing is changed in it."""
    directory = tmp_path_factory.mktemp("tls")
    (directory / "valetkey.toml").write_text(PROFILES)
    authority = Authority.make(directory)
    certificate = authority.issue("server")
    env = {"VALETKEY_CONFIG": str(directory / "valetkey.toml")}
    with (
        StoreProxy(rgw.endpoint_url) as network,
        tls_gateway(rgw, tmp_path_factory.mktemp("gateway"), certificate) as store,
        fresh_bucket(rgw) as bucket,
        running_valetkey(directory, bucket, env=env | {"VALETKEY_S3_PUBLIC_ENDPOINT_URL": store}) as server,
        TlsProxy(server.base_url, certificate) as front,
    ):
        terminal = Terminal(service_on(server, bucket), network, directory)
        yield House(terminal, authority, front.url, store)


def test_a_form_and_parts(house: House) -> None:
    """Where the authority is trusted, both arrive as they are."""
    house.terminal.file("small", b"hello")
    house.terminal.file("big", BIG)
    small = house.put("small", "--json")
    assert small.code == 0, small.out
    assert house.terminal.content(small.row["upload"]) == b"hello"
    big = house.put("big", "--profile", "parts", "--json")
    assert big.code == 0, big.out
    assert big.row["sent_bytes"] == len(BIG)
    assert house.terminal.content(big.row["upload"]) == BIG


def require_no_retry(done: Done, said: str) -> None:
    """Code 5 with this sentence, and not after the two minutes of `--retry-for` (`Terminal.put` would not wait)."""
    assert done.code == 5, done.err
    assert said in done.err
    assert "tried" not in done.err
    assert "Traceback" not in done.err


def test_an_authority_that_is_not_known(house: House) -> None:
    """Nothing is tried again; it says whose certificate it is, and how an authority gets known."""
    house.terminal.file("small", b"hello")
    done = house.put("small", authority="")
    where = house.front.removeprefix("https://")
    require_no_retry(done, f"The certificate of {where} is not trusted: unable to get local issuer certificate.")
    assert "SSL_CERT_FILE" in done.err


def test_a_store_that_is_not_trusted(house: House) -> None:
    """The service is plain HTTP here, so it is the store's certificate that ends it; the upload is not confirmed."""
    house.terminal.file("small", b"hello")
    done = house.put("small", endpoint=house.terminal.service.server.base_url, authority="")
    require_no_retry(done, f"The certificate of {house.store.removeprefix('https://')} is not trusted")


@pytest.mark.parametrize(
    ("name", "address", "days", "said"),
    [
        ("expired", "127.0.0.1", -1, "certificate has expired"),
        ("another", "127.0.0.2", 1, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
    ],
)
def test_a_certificate_that_is_not_right(house: House, name: str, address: str, days: int, said: str) -> None:
    """One that has ended, and one that is another server's."""
    house.terminal.file("small", b"hello")
    certificate = house.authority.issue(name, address=address, days=days)
    with TlsProxy(house.terminal.service.server.base_url, certificate) as front:
        done = house.put("small", endpoint=front.url)
    require_no_retry(done, f"is not trusted: {said}.")
    assert "SSL_CERT_FILE" not in done.err


def test_https_and_http_mixed_up(house: House) -> None:
    """Both ways round it says so, at a proxy that resets the connection and at a gateway that only closes it."""
    house.terminal.file("small", b"hello")
    plain = house.terminal.service.server.base_url
    require_no_retry(house.put("small", endpoint=plain.replace("http", "https")), "is its address http://")
    for tls in (house.front, house.store):
        require_no_retry(house.put("small", endpoint=tls.replace("https", "http")), "its address is https://")


def test_something_else_that_speaks_tls(house: House) -> None:
    """A store is no service: it says that this is not how valetkey answers."""
    house.terminal.file("small", b"hello")
    done = house.put("small", endpoint=house.store)
    assert done.code == 4
    assert "not as valetkey does: is the address right?" in done.err


def test_by_a_proxy(house: House) -> None:
    """Service and store are reached by CONNECT, with the proxy's credential, in parts too."""
    house.terminal.file("big", BIG)
    with ConnectProxy("Basic dXNlcjpwQHNz") as proxy:  # user:p@ss
        named = proxy.url.replace("http://", "http://user:p%40ss@")
        done = house.put("big", "--profile", "parts", "--json", HTTPS_PROXY=named)
        assert done.code == 0, done.out
        assert set(proxy.asked) == {house.front.removeprefix("https://"), house.store.removeprefix("https://")}
    assert house.terminal.content(done.row["upload"]) == BIG


def test_a_proxy_for_others(house: House) -> None:
    """NO_PROXY names what is reached without it."""
    house.terminal.file("small", b"hello")
    with ConnectProxy() as proxy:
        done = house.put("small", HTTPS_PROXY=proxy.url, NO_PROXY="localhost,127.0.0.1")
        assert (done.code, proxy.asked) == (0, [])


def test_a_proxy_that_refuses(house: House) -> None:
    """It says that the proxy did, and does not ask for two minutes; nor where the address is none."""
    house.terminal.file("small", b"hello")
    with ConnectProxy("Basic right") as proxy:
        done = house.put("small", HTTPS_PROXY=proxy.url)
        where = f"through the proxy {proxy.url.removeprefix('http://')}: Tunnel connection failed: 407"
    require_no_retry(done, where)
    assert len(proxy.asked) == 1
    for wrong in ("https://127.0.0.1:3128", "http://127.0.0.1:port"):
        require_no_retry(house.put("small", HTTPS_PROXY=wrong), "HTTPS_PROXY is not the address of a proxy")


def test_a_proxy_that_is_away(house: House) -> None:
    """It is tried again, and named."""
    house.terminal.file("small", b"hello")
    with ConnectProxy() as proxy:
        gone = proxy.url
    done = house.put("small", "--retry-for", "0", HTTPS_PROXY=gone)
    assert done.code == 5
    assert f"through the proxy {gone.removeprefix('http://')}" in done.err
    assert "(tried 3 times)" in done.err
