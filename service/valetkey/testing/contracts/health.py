"""The contract of ledgers for the installation's own records."""

from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from valetkey.core.model.upload import new_upload_id
from valetkey.core.ports.health import EventProbes, Health, StalledWork, StoreProof, WorkerBeat
from valetkey.testing.contracts.samples import MICROSECOND, NOW

DAY = timedelta(days=1)


class Watched(EventProbes, Protocol):
    """A ledger that records the events of probes."""


class EventProbeContract:
    """What every ledger must do with event probes. A fixture ``ledger`` provides an empty one."""

    def test_events_of_an_open_probe_are_seen(self, ledger: Watched) -> None:
        """The first event from each sender; events of unknown or closed probes are not recorded."""
        mine, other = new_upload_id(), new_upload_id()
        ledger.open_event_probe(mine, NOW, NOW - DAY)
        assert ledger.events_seen(mine) == {}
        assert ledger.see_event(mine, "ceph", NOW + MICROSECOND)
        assert ledger.see_event(mine, "ceph", NOW + 2 * MICROSECOND)
        assert ledger.see_event(mine, "sqs", NOW + 3 * MICROSECOND)
        assert not ledger.see_event(other, "ceph", NOW)
        assert ledger.events_seen(mine) == {"ceph": NOW + MICROSECOND, "sqs": NOW + 3 * MICROSECOND}
        assert ledger.events_seen(other) == {}
        ledger.close_event_probe(mine)
        assert not ledger.see_event(mine, "ceph", NOW)
        assert ledger.events_seen(mine) == {}

    def test_old_probes_are_forgotten(self, ledger: Watched) -> None:
        """Probes that were not closed are forgotten when another one is opened."""
        old, young, new = new_upload_id(), new_upload_id(), new_upload_id()
        ledger.open_event_probe(old, NOW - DAY - MICROSECOND, NOW - 3 * DAY)
        ledger.open_event_probe(young, NOW - DAY, NOW - 3 * DAY)
        ledger.open_event_probe(new, NOW, NOW - DAY)
        assert [ledger.see_event(one, "b2", NOW) for one in (old, young, new)] == [False, True, True]


class HealthContract(EventProbeContract):
    """What every ledger must also store about stores and workers. A fixture ``ledger`` provides an empty one."""

    def test_the_last_proof_of_a_store_is_kept(self, ledger: Health) -> None:
        """Each bucket has its own."""
        first = StoreProof("https://größe.example/b", {"post": False}, {"counts": {"fail": 1}}, NOW)
        other = StoreProof("https://größe.example/c", {}, {}, NOW + MICROSECOND)
        assert ledger.proof_of(first.place) is None
        ledger.record_proof(first)
        ledger.record_proof(other)
        assert ledger.proof_of(first.place) == first
        again = replace(first, capabilities={"post": True, "batch_delete": False}, proven_at=NOW + DAY)
        ledger.record_proof(again)
        assert ledger.proof_of(first.place) == again
        assert ledger.proof_of(other.place) == other

    def test_workers_are_known_while_they_run(self, ledger: Health) -> None:
        """The most recently seen first; a worker that ends is removed, and one that was not seen for long enough is
        forgotten."""
        quiet = WorkerBeat("quiet", "größe", NOW - 2 * DAY, NOW - DAY - MICROSECOND)
        one = WorkerBeat("one", "host", NOW - 2 * DAY, NOW - DAY, NOW - DAY)
        two = WorkerBeat("two", "host", NOW, NOW)
        for worker in (quiet, one):
            ledger.beat(worker, NOW - 3 * DAY)
        assert ledger.workers() == [one, quiet]
        ledger.beat(two, NOW - DAY)
        assert ledger.workers() == [two, one]
        later = replace(one, seen_at=NOW + MICROSECOND, looked_at=NOW, still=(StalledWork("größe", NOW - DAY),))
        ledger.beat(later, NOW - DAY)
        assert ledger.workers() == [later, two]
        ledger.forget_worker("two")
        ledger.forget_worker("nobody")
        assert ledger.workers() == [later]
