"""The result of a request that the store has to refuse: its response, and what is under the keys it could write."""

from collections.abc import Iterator
from dataclasses import dataclass

from valetkey.doctor.findings import Finding, Skip, failed, passed, skipped, warned
from valetkey.doctor.store.writing import read_object
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import WireResponse


@dataclass(frozen=True, slots=True)
class ProbeOutcome:
    """The outcome of a request that violates a grant. ``stored``: whether something was written nevertheless."""

    name: str
    answer: WireResponse
    stored: bool

    @property
    def is_prevented(self) -> bool:
        """The store refused it, or at least wrote nothing."""
        return not self.stored and (self.answer.refused or self.answer.taken)

    @property
    def unclear(self) -> bool:
        """Nothing was written, for an unknown reason: the store had another problem."""
        return not self.stored and not self.is_prevented


def tried(visit: Visit, name: str, answer: WireResponse, *keys: str) -> ProbeOutcome:
    """The outcome of the request with this ``answer``; ``keys`` are the keys that it could have written."""
    return ProbeOutcome(name, answer, any(read_object(visit, key).there for key in keys))


_CHECKS = {"a form": "post", "a PUT": "put"}
"""The check for each kind of grant."""


def verdict(
    visit: Visit, what: str, violations: list[ProbeOutcome], *, mild: frozenset[str], action: str
) -> list[Finding]:
    """Findings on ``violations`` of ``what``; the service compensates for those in ``mild``."""
    found, check = [], _CHECKS[what]
    open_doors = [one for one in violations if one.stored]
    visit.enforces[what] = len(open_doors) < len(violations)
    lies = [one for one in open_doors if not one.answer.taken]
    grave = [one.name for one in open_doors if one.name not in mild]
    slight = [one.name for one in open_doors if one.name in mild]
    if len(open_doors) == len(violations):
        found.append(failed(check, f"Nothing that {what} says is enforced: {', '.join(grave + slight)}.", action))
    else:
        if grave:
            found.append(failed(check, f"Not enforced in {what}: {', '.join(grave)}.", action))
        if slight:
            made_up = "Nothing to do: confirmed objects are checked copies, without anything that clients attached."
            found.append(warned(check, f"Not enforced in {what}: {', '.join(slight)}.", made_up))
    if lies:
        said = ", ".join(f"{one.name} ({one.answer.said})" for one in lies)
        found.append(failed(check, f"Refused, but stored nevertheless: {said}.", action))
    if unclear := [f"{one.name} ({one.answer.said})" for one in violations if one.unclear]:
        found.append(skipped(check, f"Not known for {what}: {', '.join(unclear)}."))
    if silent := [one.name for one in violations if one.answer.taken and not one.stored]:
        odd = f"Reported as accepted, but not stored: {', '.join(silent)}."
        found.append(warned(check, odd, "Clients of this store cannot recognize a refusal: valetkey checks itself."))
    if not open_doors and (kept := [one.name for one in violations if one.is_prevented]):
        found.append(passed(check, f"Enforced in {what}: {', '.join(kept)}."))
    return found


def enforcement(visit: Visit) -> Iterator[Finding]:
    """Whether this is a real store, and not an emulator that enforces nothing."""
    _ = visit.store
    if not visit.enforces:
        raise Skip("Neither a form nor a PUT could be tried.")
    if not any(visit.enforces.values()):
        action = "Use it for development only (moto, for example): with a grant, a client can do anything."
        yield failed("enforcement", "This store enforces nothing of what a grant says.", action)
    elif all(visit.enforces.values()):
        yield passed("enforcement", f"The store enforces grants: {' and '.join(sorted(visit.enforces))}.")
