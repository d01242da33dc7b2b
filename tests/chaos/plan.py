"""How much chaos there is in one run, and the chance that decides: all of it follows from the seed."""

import math
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from random import Random

from tests.chaos.contents import BAD, LOOKED_AT, SCANNED

KIB, MIB = 1024, 1024**2


@dataclass(frozen=True)
class Plan:
    """One run. Times are in seconds, sizes in bytes; ``outage`` is how long a part is away each time.

    ``checked`` is the part of the uploads that wait for a scanner or for a look at their first bytes, half each;
    ``versioned`` says whether the bucket keeps versions, ``store`` names one of `tests.chaos.store_choices`, and
    ``stores`` says how many of these there are: each with a bucket of its own, and away at times of its own.
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
    settle: float = 180.0
    checked: float = 0.0
    versioned: bool = False
    store: str = "rgw"
    stores: int = 1

    def chance(self, who: str) -> Random:
        """A source of chance of one's own: what others do does not change what it gives."""
        return Random(f"{self.seed} {who}")

    def profile(self, number: int) -> str:
        """Of the upload of that number."""
        return self._lots[number][0]

    def is_honest(self, number: int) -> bool:
        """Whether the owner of the upload of that number sends what its check lets pass."""
        return self._lots[number][1]

    def owner(self, number: int) -> str:
        """Whose the upload of that number is: what is behind the hyphen decides which store it goes to."""
        return f"owner-{self.chance(f'store {number}').randrange(self.stores)}"

    @cached_property
    def _lots(self) -> list[tuple[str, bool]]:
        """Shuffled, not thrown: however few uploads there are, each profile has its part of good and bad ones."""
        each = round(self.uploads * self.checked / 2)
        lots = [(profile, at >= each * BAD) for profile in (SCANNED, LOOKED_AT) for at in range(each)]
        lots += [("default", True)] * (self.uploads - len(lots))
        self.chance("lots").shuffle(lots)
        return lots

    def size(self, number: int) -> int:
        """Of the upload of that number: log-uniform, so that small and large files are equally common."""
        span = math.log(self.largest / self.smallest)
        return round(self.smallest * math.exp(span * self.chance(f"size {number}").random()))


FULL = os.environ.get("VALETKEY_TEST_CHAOS") == "full"
"""`make chaos` sets it; `make test` runs the shorter form."""

SEED = int(os.environ.get("VALETKEY_TEST_SEED") or secrets.randbelow(2**32))

WITH = os.environ.get("VALETKEY_TEST_CHAOS_WITH")
"""What is in the plan instead of the usual: `checks` on half of the uploads, a bucket with `versions`, two `stores`."""

USUAL = {"postgresql": "checks versions", "sqlite": "checks"}
"""The same by ledger: one has a bucket with versions, one a bucket without."""

UNVERSIONED = {"juicefs"}
"""Stores that keep no versions: what is usual there does without."""


def planned(ledger: str) -> Plan:
    """The run that the environment asks for; VALETKEY_TEST_SEED makes an earlier one's choices again."""
    uploads, outage = (2000, 3.0) if FULL else (80, 1.0)
    store = os.environ.get("VALETKEY_TEST_STORE", "rgw")
    usual = set(USUAL[ledger].split()) - ({"versions"} if store in UNVERSIONED else set())
    wanted = usual if WITH is None else set(WITH.split())
    return Plan(
        seed=SEED,
        uploads=int(os.environ.get("VALETKEY_TEST_CHAOS_UPLOADS") or uploads),
        outage=outage,
        checked=0.5 if "checks" in wanted else 0.0,
        versioned="versions" in wanted,
        store=store,
        stores=2 if "stores" in wanted else 1,
    )
