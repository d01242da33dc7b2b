"""Between RGW's push and the services: events are dropped, repeated, delayed, and so put out of order."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread, Timer

import httpx
from tests.chaos.expectations import World


class Mangler:
    """Takes each event from RGW with a 200, and decides what becomes of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.plan.chance("events")
        self._lock = Lock()
        self._newest = 0
        self._http = httpx.Client(timeout=15)

    def take(self, path: str, body: bytes) -> None:
        """``path`` is passed on as it is: it carries the secret."""
        plan, chance = self._world.plan, self._chance
        self._world.count("events")
        with self._lock:
            if chance.random() < plan.dropped:
                self._world.count("events dropped")
                return
            copies = 1
            if chance.random() < plan.repeated:
                self._world.count("events repeated")
                copies = chance.randint(2, 3)
            arrived = self._world.counts["events"]
            for _ in range(copies):
                services = chance.sample(self._world.services, len(self._world.services))
                urls = [service + path for service in services]
                timer = Timer(chance.uniform(0, plan.delay), self._pass_on, (urls, body, arrived))
                timer.daemon = True
                timer.start()

    def _pass_on(self, urls: list[str], body: bytes, arrived: int) -> None:
        with self._lock:
            if arrived < self._newest:
                self._world.count("events that another had overtaken")
            self._newest = max(self._newest, arrived)
        status = self._deliver(urls, body)
        if status == 200:
            self._world.count("events delivered")
        elif status in {0, 503}:  # RGW does not try again
            self._world.count("events that met a service that was away")
        else:
            self._world.wonder(f"an event was answered {status}")

    def _deliver(self, urls: list[str], body: bytes) -> int:
        """The status of the first service that listens; 0 where none gave a whole answer."""
        for url in urls:
            try:
                return self._http.post(url, content=body, headers={"Content-Type": "application/json"}).status_code
            except httpx.ConnectError:
                continue
            except httpx.TransportError:
                return 0
        return 0


@contextmanager
def mangled_events(world: World) -> Iterator[str]:
    """The URL to push to, instead of a service's."""
    mangler = Mangler(world)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            mangler.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
