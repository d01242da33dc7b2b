"""Delivery: how confirmed objects are read elsewhere than at the store."""

from datetime import datetime
from typing import Protocol


class AddressSigner(Protocol):
    """What a CDN, that shows nothing to strangers, wants of an address."""

    def sign(self, url: str, expires_at: datetime) -> str:
        """``url`` as it can be read until ``expires_at``, without any other credential."""
