"""Sending a whole file by a form or a PUT."""

from dataclasses import dataclass
from functools import partial

from valetkey.client.errors import SignatureRejected
from valetkey.client.files.source import Source
from valetkey.client.interrupted.records import StartedUpload
from valetkey.client.remote.calls import Json
from valetkey.client.remote.retry import Retrier
from valetkey.client.remote.service import Service
from valetkey.client.remote.store import Store
from valetkey.client.sending.concurrency import ConcurrencyLimit
from valetkey.client.sending.progress import Progress
from valetkey.client.sending.resend import MAX_SIGNATURES, check_before_resending, refused_by_store


@dataclass(frozen=True)
class WholeUploader:
    """Sends whole files; any number of threads may use it at once."""

    service: Service
    store: Store
    retrier: Retrier
    """For the calls to the store."""
    concurrency: ConcurrencyLimit
    """How many bodies the whole run sends at once."""

    def send(self, source: Source, started: StartedUpload, grant: Json, progress: Progress) -> bool:
        """Sends the file. Returns whether the bytes were found at the store instead, because an earlier request
        arrived."""
        method = self.store.put_object if grant["method"] == "PUT" else self.store.post_form
        on_sent = self.concurrency.counting(progress.add_sent)
        last: SignatureRejected | None = None
        for _ in range(MAX_SIGNATURES):
            send = self.concurrency.watching(partial(method, grant, source, on_sent))
            find = partial(self._find, source, started, progress)
            try:
                with self.concurrency.slot(source.size):
                    return self.retrier.call(check_before_resending(send, find)) is True
            except SignatureRejected as error:
                last = error
                grant = self.service.renew_grant(started.upload_id, started.ticket)
        raise refused_by_store(last)

    def _find(self, source: Source, started: StartedUpload, progress: Progress) -> bool | None:
        """True if the service finds the bytes at the store, so that nothing has to be sent again; else None."""
        upload, _ = self.service.complete(started.upload_id, started.ticket)
        if upload["state"] == "pending":
            return None
        progress.add_stored(source.size)
        return True
