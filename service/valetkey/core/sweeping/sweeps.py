"""The sweeps of all stores, one after the other, and the ledger's retention: for sweeps that are started by hand."""

from collections.abc import Callable, Iterator, Sequence

from valetkey.core.errors import StoreUnavailable
from valetkey.core.ports.ledger import Ledger
from valetkey.core.sweeping import findings
from valetkey.core.sweeping.findings import Finding
from valetkey.core.sweeping.retention import Retention
from valetkey.core.sweeping.sweep import Sweep


class Sweeps:
    """Sweeps all stores. A store that does not answer is a finding and does not stop the sweeps of the others; it is an
    error only if none answers. A store that uploads wait for but that is not configured here is a finding as well. The
    worker has a loop for each store instead."""

    def __init__(self, sweeps: Sequence[Sweep], retention: Retention, ledger: Ledger) -> None:
        self._sweeps = sweeps
        self._retention = retention
        self._ledger = ledger

    def run(self) -> Iterator[Finding]:
        """`Retention.run`, even if stores fail, and `Sweep.run` of each store. Raises like these."""
        self._retention.run()
        yield from self._each(lambda sweep: sweep.run())

    def look(self) -> Iterator[Finding]:
        """`Sweep.look` of each. Raises like that."""
        return self._each(lambda sweep: sweep.look())

    def clean(self) -> Iterator[Finding]:
        """`Retention.run`, even if stores fail, and `Sweep.clean` of each store. Raises like these."""
        self._retention.run()
        yield from self._each(lambda sweep: sweep.clean())

    def foresee(self) -> Iterator[Finding]:
        """`Sweep.foresee` of each. Raises like that."""
        return self._each(lambda sweep: sweep.foresee())

    def _each(self, work: Callable[[Sweep], Iterator[Finding]]) -> Iterator[Finding]:
        failed: dict[str, StoreUnavailable] = {}
        for sweep in self._sweeps:
            try:
                yield from work(sweep)
            except StoreUnavailable as error:
                failed[sweep.name] = error
        yield from self._unknown()
        for name, reason in failed.items():
            if len(failed) == len(self._sweeps):
                raise reason
            yield findings.silent(name, reason)

    def _unknown(self) -> Iterator[Finding]:
        """The stores that uploads wait for but that are not configured here."""
        known = {sweep.uploads for sweep in self._sweeps}
        for store, count in self._ledger.open_by_store(known).items():
            yield findings.unknown(store, count)
