"""Delivery of confirmed objects by a CDN instead of the store."""

from datetime import datetime
from typing import Protocol


class AddressSigner(Protocol):
    """Signs URLs for a CDN that serves signed URLs only."""

    def sign(self, url: str, expires_at: datetime) -> str:
        """``url`` with a signature that allows reading it until ``expires_at`` without another credential."""
