"""Test suites that every adapter has to pass, for authors of adapters. They need pytest.

A test class inherits a suite, and gives it what it asks for by one fixture::

    class TestMyStore(ObjectStoreContract, ReadingContract, FormContract, MultipartContract):
        @pytest.fixture
        def place(self) -> Place: ...

    class TestMyLedger(LedgerContract):
        @pytest.fixture
        def ledger(self) -> Ledger: ...

`ObjectStoreContract`, `ReadingContract`, `FormContract`, `MultipartContract`, `ManyPartsContract` and
`VersionedStoreContract` ask for ``place``, a `Place`; `LedgerContract`, `KeyRingContract`, `OutboxContract`,
`AnnouncedChangesContract`, `AnnouncedErasureContract`, `HealthContract` and `HookContract` for ``ledger``, and
`AllowanceContract` for ``two``. Each test gets an empty one.
"""

from pkgutil import iter_modules

import pytest

# before they are imported, so that a failure shows the values that were compared
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))

from valetkey.testing.contracts.allowances import AllowanceContract, Pair
from valetkey.testing.contracts.changes import AnnouncedChangesContract, ChangesContract
from valetkey.testing.contracts.creation import CreationContract
from valetkey.testing.contracts.declarations import DeclarationContract
from valetkey.testing.contracts.due import DueContract
from valetkey.testing.contracts.erasures import AnnouncedErasureContract, ErasureContract
from valetkey.testing.contracts.forms import FormContract
from valetkey.testing.contracts.health import EventProbeContract, HealthContract
from valetkey.testing.contracts.hooks import Calling, HookContract, hook_announcer
from valetkey.testing.contracts.keys import KeyRingContract
from valetkey.testing.contracts.multipart import ManyPartsContract, MultipartContract
from valetkey.testing.contracts.outbox import Announcing, OutboxContract, announcer
from valetkey.testing.contracts.pages import PageContract
from valetkey.testing.contracts.places import (
    Able,
    Download,
    Place,
    download_over_http,
    post_over_http,
    put_over_http,
)
from valetkey.testing.contracts.reading import ReadingContract
from valetkey.testing.contracts.replacement import ReplacementContract
from valetkey.testing.contracts.store import ObjectStoreContract
from valetkey.testing.contracts.stores import StoresContract
from valetkey.testing.contracts.versions import VersionedStoreContract


class LedgerContract(
    CreationContract,
    ReplacementContract,
    ChangesContract,
    PageContract,
    DueContract,
    DeclarationContract,
    StoresContract,
    ErasureContract,
    EventProbeContract,
):
    """What every ledger must do. A fixture ``ledger`` gives an empty one."""


__all__ = [
    "Able",
    "AllowanceContract",
    "AnnouncedChangesContract",
    "AnnouncedErasureContract",
    "Announcing",
    "Calling",
    "Download",
    "FormContract",
    "HealthContract",
    "HookContract",
    "KeyRingContract",
    "LedgerContract",
    "ManyPartsContract",
    "MultipartContract",
    "ObjectStoreContract",
    "OutboxContract",
    "Pair",
    "Place",
    "ReadingContract",
    "VersionedStoreContract",
    "announcer",
    "download_over_http",
    "hook_announcer",
    "post_over_http",
    "put_over_http",
]
