"""How much chaos there is in one run, and the chance that decides: all of it follows from the seed."""

import math
import os
import secrets
from dataclasses import dataclass
from random import Random

KIB, MIB = 1024, 1024**2


@dataclass(frozen=True)
class Plan:
    """One run. Times are in seconds, sizes in bytes; ``outage`` is how long a part is away each time."""

    seed: int
    uploads: int
    outage: float
    clients: int = 16
    smallest: int = KIB
    largest: int = 8 * MIB
    dropped: float = 0.3
    repeated: float = 0.2
    delay: float = 2.0
    kill_every: tuple[float, float] = (1.0, 3.0)
    failing: float = 1 / 3
    settle: float = 60.0

    def chance(self, who: str) -> Random:
        """A source of chance of one's own: what others do does not change what it gives."""
        return Random(f"{self.seed} {who}")

    def size(self, number: int) -> int:
        """Of the upload of that number: log-uniform, so that small and large files are equally common."""
        span = math.log(self.largest / self.smallest)
        return round(self.smallest * math.exp(span * self.chance(f"size {number}").random()))


FULL = os.environ.get("VALETKEY_TEST_CHAOS") == "full"
"""`make chaos` sets it; `make test` runs the shorter form."""


def planned() -> Plan:
    """The run that the environment asks for; VALETKEY_TEST_SEED makes an earlier one's choices again."""
    seed = int(os.environ.get("VALETKEY_TEST_SEED") or secrets.randbelow(2**32))
    return Plan(seed, uploads=2000, outage=3.0) if FULL else Plan(seed, uploads=80, outage=1.0)
