"""The capabilities of a bucket that were proven before, which processes read from the ledger."""

import logging
from collections.abc import Collection

from valetkey.adapters.s3.store import S3Store
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.ports.health import StoreProofs

log = logging.getLogger("valetkey")


class Proven:
    """Gives ``store``, once, the capabilities recorded for its ``place``, except those ``settled`` by settings."""

    def __init__(self, store: S3Store, proofs: StoreProofs, place: str, settled: Collection[str] = ()) -> None:
        self._store = store
        self._proofs = proofs
        self._place = place
        self._settled = settled
        self._is_read = False

    @property
    def place(self) -> str:
        """The bucket and its endpoint."""
        return self._place

    def read(self) -> None:
        """Reads them, once. If the ledger is unavailable, they are read the next time: nothing depends on them."""
        if self._is_read:
            return
        try:
            proof = self._proofs.proof_of(self._place)
        except LedgerUnavailable as error:
            log.info("the proven capabilities of the store are not known yet: %s", error.detail)
            return
        self._is_read = True
        if proof is not None:
            self._store.know(proof.capabilities, self._settled)
            log.info("using what `valetkey doctor` proved of %s on %s", self._place, proof.proven_at.date())
