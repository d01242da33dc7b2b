"""The common logic of sending a whole file and a part: renewed signatures, and a check before sending again."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from valetkey.client.errors import DeliveryUnknown, SignatureRejected, StoreRefused
from valetkey.client.remote.calls import Json

T = TypeVar("T")

MAX_SIGNATURES = 3
"""The most signatures that are tried for one body, if the store rejects them."""

SPARE_SECONDS = 2.0
"""A signature that expires sooner is not used."""


def expires_soon(signed: Json) -> bool:
    """Whether a signature expires too soon for an attempt. If our clock is wrong, the store rejects the signature."""
    left = datetime.fromisoformat(signed["expires_at"]).timestamp() - time.time()
    return left < SPARE_SECONDS


def check_before_resending(send: Callable[[], str], find: Callable[[], T | None]) -> Callable[[], str | T]:
    """``send``, made safe to repeat: if it is unknown whether the last attempt arrived, ``find`` is called first.

    ``find`` returns None when the bytes did not arrive.
    """
    unknown = False

    def attempt() -> str | T:
        nonlocal unknown
        if unknown and (found := find()) is not None:
            return found
        unknown = False
        try:
            return send()
        except DeliveryUnknown as error:
            unknown = True
            if error.check_now and (found := find()) is not None:
                return found
            raise

    return attempt


def refused_by_store(last: SignatureRejected | None) -> StoreRefused:
    """The error if the store rejects new signatures, too; ``last`` is its last response."""
    return StoreRefused(f"store_{last.status if last else 403}", str(last))
