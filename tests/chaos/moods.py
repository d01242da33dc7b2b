"""How the application's end of the webhooks behaves."""

from http.server import BaseHTTPRequestHandler
from threading import Lock

from tests.chaos.plan import Plan
from tests.support.receiver import answer


class Moods:
    """Answers 500 as often as planned, until it is told to be good; remembers what it said yes to."""

    def __init__(self, plan: Plan) -> None:
        self.taken: set[str] = set()
        self._chance = plan.chance("receiver")
        self._failing = plan.failing
        self._lock = Lock()

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        with self._lock:
            fails = self._chance.random() < self._failing
            if not fails:
                self.taken.add(request.headers["webhook-id"])
        answer(500 if fails else 200)(request)

    def be_good(self) -> None:
        self._failing = 0.0

    def all_taken(self) -> frozenset[str]:
        """The ids of all that were answered 200."""
        with self._lock:
            return frozenset(self.taken)
