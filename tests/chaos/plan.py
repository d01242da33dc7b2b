"""How much chaos there is in one run, and the chance that decides: all of it follows from the seed."""

import math
import os
import secrets
from dataclasses import dataclass, replace
from random import Random

from tests.chaos.contents import LOOKED_AT, SCANNED

KIB, MIB = 1024, 1024**2


@dataclass(frozen=True)
class Plan:
    """One run. Times are in seconds, sizes in bytes; ``outage`` is how long a part is away each time.

    ``checked`` is the part of the uploads that wait for a scanner or for a look at their first bytes, half each;
    ``versioned`` says whether the bucket keeps versions, ``store`` names one of `tests.chaos.stores`.
    """

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
    checked: float = 0.0
    versioned: bool = False
    store: str = "rgw"

    def chance(self, who: str) -> Random:
        """A source of chance of one's own: what others do does not change what it gives."""
        return Random(f"{self.seed} {who}")

    def profile(self, number: int) -> str:
        """Of the upload of that number."""
        if (chosen := self.chance(f"profile {number}").random()) >= self.checked:
            return "default"
        return SCANNED if chosen < self.checked / 2 else LOOKED_AT

    def size(self, number: int) -> int:
        """Of the upload of that number: log-uniform, so that small and large files are equally common."""
        span = math.log(self.largest / self.smallest)
        return round(self.smallest * math.exp(span * self.chance(f"size {number}").random()))


FULL = os.environ.get("VALETKEY_TEST_CHAOS") == "full"
"""`make chaos` sets it; `make test` runs the shorter form."""

WITH = os.environ.get("VALETKEY_TEST_CHAOS_WITH", "").split()
"""What else is in the plan: `checks` on half of the uploads, a bucket with `versions`."""


def planned() -> Plan:
    """The run that the environment asks for; VALETKEY_TEST_SEED makes an earlier one's choices again."""
    seed = int(os.environ.get("VALETKEY_TEST_SEED") or secrets.randbelow(2**32))
    plan = Plan(seed, uploads=2000, outage=3.0) if FULL else Plan(seed, uploads=80, outage=1.0)
    checked = 0.5 if "checks" in WITH else 0.0
    return replace(
        plan, checked=checked, versioned="versions" in WITH, store=os.environ.get("VALETKEY_TEST_STORE", "rgw")
    )
