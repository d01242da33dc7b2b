"""What happened in a run, in numbers, and what should have happened and did not."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tests.chaos.contents import LOOKED_AT, SCANNED
from tests.chaos.expectations import World
from tests.chaos.faults import TIMES, Part
from tests.chaos.promises import Evidence
from tests.chaos.scanner import READ

EVENTS = ("events dropped", "events repeated", "events delivered", "events that another had overtaken")


def toothless(world: World, seen: Evidence, parts: Sequence[Part], *, pushes: bool) -> Iterator[str]:
    """What this run was to go through and did not: what did not happen proves nothing."""
    happened = (
        *("kills of serve", "kills of worker", "hostile POSTs accepted", "uploads never sent by their owners"),
        *(EVENTS if pushes else ()),
    )
    yield from (f"there were no {what}" for what in happened if not world.counts[what])
    if world.plan.checked:
        if not world.counts[READ]:
            yield f"there were no {READ}"
        yield from (
            f"there were no verdicts {what}" for what in ("clean", "infected") if not world.counts[f"verdicts {what}"]
        )
        states = {(world.journeys[upload["id"]].profile, upload["state"]) for upload in seen.ledger.values()}
        ends = [(profile, state) for profile in (SCANNED, LOOKED_AT) for state in ("confirmed", "rejected")]
        yield from (
            f"no upload with the profile {profile} was {state}"
            for profile, state in ends
            if (profile, state) not in states
        )
    for part in parts:
        if (times := world.counts[f"outages of {part.name}"]) != TIMES:
            yield f"{part.name} was away {times} times"
    buckets = {upload["object"]["bucket"] for upload in seen.ledger.values() if upload["object"]}
    if len(buckets) != world.plan.stores:
        yield f"uploads were confirmed in {len(buckets)} stores of {world.plan.stores}"
    signals = _signals(seen)
    wanted = ("client", "sweep", "event") if pushes else ("client", "sweep")
    yield from (f"nothing was confirmed by {signal}" for signal in wanted if not signals[signal])
    if len({one.id for one in seen.received}) == len(seen.received):
        yield "no webhook came twice"


def figures(world: World, seen: Evidence, seconds: float, settled: float) -> str:
    """What happened, a line each."""
    states = Counter(upload["state"] for upload in seen.ledger.values())
    reasons = Counter(upload["reason"]["code"] for upload in seen.ledger.values() if upload["reason"])
    lines: dict[str, object] = {
        "seed": world.plan.seed,
        "uploads": f"{len(seen.ledger)}, {_listed(states)}",
        "confirmed by": _listed(_signals(seen)),
        "rejected as": _listed(reasons) or "-",
        "bytes confirmed": sum(upload["object"]["size"] for upload in seen.ledger.values() if upload["object"]),
        **dict(sorted(world.counts.items())),
        "webhooks received": f"{len(seen.received)} of {len({one.id for one in seen.received})} ends",
        "versions in the bucket": "not kept" if seen.versions is None else len(seen.versions),
        "seconds of faults": round(seconds),
        "seconds to settle": round(settled),
    }
    return "\n".join(f"  {name:<40} {value}" for name, value in lines.items())


def _signals(seen: Evidence) -> Counter[str]:
    return Counter(str(upload["confirmed_by"]) for upload in seen.ledger.values() if upload["confirmed_by"])


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
