"""A client that got hold of the grants of others."""

from tests.chaos.caller import Caller
from tests.chaos.contents import BAD, made
from tests.chaos.expectations import Journey, World


class Hostile:
    """Sends other bytes with the grants of others, before them, beside them and after them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.plan.chance("hostile")
        self._caller = Caller(world, self._chance)

    def run(self) -> None:
        while not self._world.over.wait(self._chance.uniform(0.05, 0.3)):
            granted = list(self._world.granted)
            if granted:
                self._tamper(self._chance.choice(granted[-self._chance.choice([1, 4, 64]) :]))

    def _tamper(self, journey: Journey) -> None:
        """S3 has to take bytes of the same size; a byte more it has to refuse."""
        if self._chance.random() < 0.1:
            self._post(journey, self._chance.randbytes(journey.size + 1), fits=False)
        for _ in range(self._chance.choice([1, 1, 1, 2, 8]) if journey.size < 100_000 else 1):
            good = self._chance.random() >= BAD
            self._post(journey, made(journey.profile, journey.size, self._chance, good=good), fits=True)

    def _post(self, journey: Journey, body: bytes, *, fits: bool) -> None:
        if fits:
            journey.sending(body)
        answer = self._caller.send(journey.grant, body)
        accepted = answer is not None and answer.status == 201
        self._world.count(f"hostile POSTs {'accepted' if accepted else 'refused' if answer else 'cut'}")
        if accepted and not fits:
            self._world.wonder(f"S3 took a byte too many for {journey.id}")
        journey.reached = journey.reached or accepted
