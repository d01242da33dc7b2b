"""The price of a grant: durable single ones beside four peers, and batches beside single ones."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.load import Load, run_load
from tests.bench.peers import Server, hello_server, node_server, pinned, plain_server, valetkey_server
from tests.bench.result import Row
from tests.bench.series import CONNECTIONS, Side, best_of, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.bench.place import Place

BATCH_SIZE = 100
SINGLE = "durable single grant"


@dataclass(frozen=True)
class Peer:
    """Another service: ``load`` gives so many of its requests, ``share`` how many for one of ours to take as long."""

    name: str
    target: float
    share: float
    start: Callable[[Path, int], AbstractContextManager[Server]]
    load: Callable[[Server, int], Load]
    warm_ups: int = 1
    """Rounds until it is as fast as it gets: Node compiles what is hot after thousands of requests."""


def upload(number: int) -> dict[str, object]:
    """The n-th upload asked for: every one has its own file name."""
    return {
        "filename": f"holiday {number:07d}.jpg",
        "content_type": "image/jpeg",
        "size": 123456,
        "metadata": {"album": "summer"},
    }


def requests_of(server: Server, path: str, body: Callable[[int], object]) -> Callable[[int], bytes]:
    """The bytes of the n-th request; bodies are made from one text, because json.dumps costs load time."""
    template = json.dumps(body(0))
    head = (
        f"Authorization: Bearer {server.key}\r\nContent-Type: application/json\r\nContent-Length: {len(template)}\r\n"
    )
    return _numbered(server, f"POST {path}", head, template)


def asking(server: Server, path: str) -> Callable[[int], bytes]:
    """The same of a GET."""
    return _numbered(server, f"GET {path}", f"Authorization: Bearer {server.key}\r\n" if server.key else "")


def _numbered(server: Server, line: str, head: str, body: str = "") -> Callable[[int], bytes]:
    whole = f"{line} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{head}\r\n{body}".encode()
    marker = b"%07d" % 0
    return lambda number: whole.replace(marker, b"%07d" % number)


def single(server: Server, requests: int) -> Load:
    """POST /v1/uploads, of ours and of the plain peer; an answer without a policy is a failure."""
    return Load(requests_of(server, "/v1/uploads", upload), _has(b'"policy":', 1), requests, CONNECTIONS)


def batch(server: Server, requests: int) -> Load:
    """POST /v1/uploads/batch of 100 over 4 connections; one refused upload makes the answer a failure."""
    body = requests_of(server, "/v1/uploads/batch", lambda n: {"uploads": [upload(n)] * BATCH_SIZE})
    return Load(body, _has(b'"policy":', BATCH_SIZE), requests, 4)


def better_upload(server: Server, requests: int) -> Load:
    """A signed PUT."""

    def body(number: int) -> object:
        wanted = upload(number)
        file = {"name": wanted["filename"], "size": wanted["size"], "type": wanted["content_type"]}
        return {"route": "images", "files": [file], "metadata": wanted["metadata"]}

    return Load(requests_of(server, "/upload", body), _has(b'"signedUrl":"http', 1), requests, CONNECTIONS)


def companion(server: Server, requests: int) -> Load:
    """A policy; the size is not asked for."""
    path = "/s3/params?filename=holiday%200000000.jpg&type=image%2Fjpeg&metadata%5Balbum%5D=summer"
    return Load(asking(server, path), _has(b'"Policy":', 1), requests, CONNECTIONS)


def hello(server: Server, requests: int) -> Load:
    """A greeting."""
    return Load(asking(server, "/"), _has(b"Hello, World!", 1), requests, CONNECTIONS)


def _has(word: bytes, count: int) -> Callable[[bytes], bool]:
    return lambda answer: answer.count(word) == count


def fastest_plain(place: Place) -> Callable[[Path, int], Server]:
    """The plain peer with the threads that suit it best here."""
    folder, core = place.fresh("plain"), place.cores[0]
    servers = {threads: plain_server(folder, core, threads) for threads in (1, 2, 4, 8)}
    threads = best_of(servers, lambda server: single(server, 60 if place.quick else 300), place.rounds(3))
    return lambda folder, core: plain_server(folder, core, threads)


def fastest_hello(place: Place) -> Callable[[Path, int], Server]:
    """The greeting with the threads that suit it best here."""
    folder, core = place.fresh("hello"), place.cores[0]
    servers = {threads: hello_server(folder, core, threads) for threads in (1, 2, 4)}
    threads = best_of(servers, lambda server: hello(server, 200 if place.quick else 2000), place.rounds(3))
    return lambda folder, core: hello_server(folder, core, threads)


def rows(place: Place) -> Iterator[Row]:
    """Each peer in turn with ours, then batches with single ones. The servers share one core, the load has another."""
    core, load_core = place.cores
    count, folder = 160 if place.quick else 2500, place.fresh("grants")
    with pinned(load_core):
        peers = (
            Peer("better-upload 3 on hono, which stores nothing", 1.0, 1, _node("better_upload"), better_upload, 3),
            Peer("Flask + boto3 + SQLite, gunicorn gthread", 5, 0.3, fastest_plain(place), single),
            Peer("Uppy Companion 6", 8, 0.2, _node("companion"), companion, 4),
            Peer("a bare Flask hello on granian", 0.45, 2, fastest_hello(place), hello),
        )
        with valetkey_server(folder, core) as server:
            first = Side(server, single(server, count))
            first.warm_up()
            profile = first.profile()
            for peer in peers:
                with peer.start(folder, core) as other:
                    ours = Side(server, single(server, count))
                    theirs = Side(
                        other, peer.load(other, max(CONNECTIONS, int(count * peer.share))), warm_ups=peer.warm_ups
                    )
                    in_turns(ours, theirs, place.rounds(7))
                yield Row(
                    SINGLE, ours.rate, peer.target, peer=peer.name, theirs=theirs.rate, bound=ours.bound,
                    latency=ours.latency, their_latency=theirs.latency, profile=profile,
                )  # fmt: skip
            batches, one = Side(server, batch(server, count // 20), BATCH_SIZE), Side(server, single(server, count))
            in_turns(batches, one, place.rounds(7))
            yield Row(
                "grant in batches of 100", batches.rate, 10, peer="single grants", theirs=one.rate, bound=batches.bound,
                latency=batches.latency, their_latency=one.latency, profile=batches.profile(),
            )  # fmt: skip


def _node(name: str) -> Callable[[Path, int], Server]:
    return lambda folder, core: node_server(folder, core, name)


def memory(place: Place) -> Iterator[Row]:
    """What the service keeps in memory of a grant, over 100,000. An id as 16 bytes in a list would be 57 bytes."""
    core, load_core = place.cores
    step = 100 if place.quick else 2000
    with pinned(load_core), valetkey_server(place.fresh("memory"), core) as server:
        samples = [(0, server.rss())]
        for number in range(1, 51):
            result = run_load(server.address, single(server, step))
            if result.failures:
                raise RuntimeError(f"memory: {result.failures} failed, the first: {result.first_failure}")
            samples.append((number * step, server.rss()))
    yield Row("memory kept of a grant", _kept(samples), 24, unit="bytes", at_least=False)


def _kept(samples: list[tuple[int, int]]) -> float:
    """Bytes by which memory grew per grant, after the first fifth, in which caches fill; never less than one."""
    steady = samples[len(samples) // 5 :]
    return max(1.0, statistics.linear_regression([s[0] for s in steady], [s[1] for s in steady]).slope)
