"""A real, temporary Redis for tests, on loopback and in memory."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import DEVNULL

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as Refused
from redis.retry import Retry
from tests.support import processes
from tests.support.servers import free_port


@contextmanager
def running_redis(directory: Path) -> Iterator[str]:
    """Runs a Redis without persistence; yields its URL."""
    port = free_port()
    options = {"port": str(port), "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": str(directory)}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    with processes.running(["redis-server", *words], stdout=DEVNULL, stderr=DEVNULL):
        url = f"redis://127.0.0.1:{port}/0"
        with closing(Redis.from_url(url, retry=Retry(ConstantBackoff(0.05), 1800), retry_on_error=[Refused])) as redis:
            redis.ping()
        yield url
