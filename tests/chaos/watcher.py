"""One who only looks."""

from tests.chaos.caller import Caller
from tests.chaos.expectations import Json, World


class Watcher:
    """Lists all uploads again and again, and remembers what it saw of each."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._caller = Caller(world, world.plan.chance("watcher"))

    def run(self) -> None:
        while not self._world.over.wait(0.5):
            self.look()

    def look(self) -> None:
        """Once through all pages."""
        for upload in self.uploads():
            if journey := self._world.journeys.get(str(upload["id"])):
                journey.saw("watcher", upload)

    def uploads(self) -> list[Json]:
        """All that the ledger has."""
        found: list[Json] = []
        params = {"limit": "200"}
        while True:
            page = self._caller.call("GET", "/v1/uploads", params=params).json()
            found += page["uploads"]
            if page["next_cursor"] is None:
                return found
            params["cursor"] = page["next_cursor"]
