"""The certificates that deliveries are signed with: each is fetched once, and only a few at a time."""

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from valetkey import waiting
from valetkey.core.errors import SenderRefused, Unavailable
from valetkey.forks import renew_in_child

KEPT_CERTIFICATES = 16
FETCHES = 10
FETCH_PERIOD = timedelta(minutes=1)
FETCH_WAIT = 5
FETCH_WAITERS = 4
"""How many certificates are fetched in this time, how many requests wait for the fetch of another one, and for how many
seconds at most: forged URLs of certificates cost no more than that."""

_BEING_FETCHED = "The signing certificate is being fetched."
_DIGESTS: Mapping[str, hashes.HashAlgorithm] = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}  # noqa: S303  (as SNS signs)


class Certificates:
    """The public keys of certificates by their URL, each fetched once; at most `FETCHES` in `FETCH_PERIOD`."""

    def __init__(self, fetch: Callable[[str], bytes], clock: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: dict[str, x509.Certificate] = {}
        self._fetched: deque[datetime] = deque(maxlen=FETCHES)
        self._renew()
        renew_in_child(self, Certificates._renew)

    def _renew(self) -> None:
        self._fetching = Lock()
        self._places = BoundedSemaphore(FETCH_WAITERS + 1)

    def verify(self, url: str, signature: bytes, text: bytes, digest: str) -> bool:
        """Whether the key in the certificate at ``url`` has signed ``text``, by ``digest``: "sha1" or "sha256".

        Raises `SenderRefused` and `Unavailable` like ``fetch``.
        """
        key = self._key(url)
        try:
            key.verify(signature, text, PKCS1v15(), _DIGESTS[digest])
        except (InvalidSignature, UnsupportedAlgorithm):
            return False
        return True

    def _key(self, url: str) -> RSAPublicKey:
        """The key in the certificate at ``url``. Raises `SenderRefused` and `Unavailable` like ``fetch``."""
        certificate = self._kept.get(url) or self._load(url)
        if not certificate.not_valid_before_utc <= self._clock() <= certificate.not_valid_after_utc:
            raise SenderRefused("The signing certificate is not valid now.")
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise SenderRefused("The signing certificate has no RSA key.")
        return key

    def _load(self, url: str) -> x509.Certificate:
        """Fetches it, unless another request has just done so; only one fetches at a time, and few wait for it."""
        waiting.look()
        if not self._places.acquire(blocking=False):
            raise Unavailable(_BEING_FETCHED)
        try:
            if not self._fetching.acquire(timeout=FETCH_WAIT):
                raise Unavailable(_BEING_FETCHED)
            try:
                if url not in self._kept:
                    self._keep(url, self._read(url))
                return self._kept[url]
            finally:
                self._fetching.release()
        finally:
            self._places.release()

    def _read(self, url: str) -> x509.Certificate:
        now = self._clock()
        if len(self._fetched) == FETCHES and now - self._fetched[0] < FETCH_PERIOD:
            raise Unavailable("Too many signing certificates were requested.", retry_after=60)
        self._fetched.append(now)
        try:
            certificate = x509.load_pem_x509_certificate(self._fetch(url))
            certificate.public_key()  # fails here if it cannot be read, so that it is not kept
        except (ValueError, UnsupportedAlgorithm) as error:
            raise SenderRefused("The signing certificate cannot be read.") from error
        return certificate

    def _keep(self, url: str, certificate: x509.Certificate) -> None:
        if len(self._kept) == KEPT_CERTIFICATES:
            del self._kept[next(iter(self._kept))]  # the oldest: SNS has one or two per region at a time
        self._kept[url] = certificate
