"""Test suites for authors of adapters: every adapter has to pass them. They need pytest.

A test class inherits suites, and defines the fixture that they require::

    class TestMyStore(ObjectStoreContract, ReadingContract, FormContract, MultipartContract):
        @pytest.fixture
        def harness(self) -> StoreHarness: ...

    class TestMyLedger(LedgerContract):
        @pytest.fixture
        def ledger(self) -> Ledger: ...

`ObjectStoreContract`, `ReadingContract`, `FormContract`, `MultipartContract`, `ManyPartsContract` and
`VersionedStoreContract` require ``harness``, a `StoreHarness`; `LedgerContract`, `KeyRingContract`, `OutboxContract`,
`AnnouncedChangesContract`, `AnnouncedErasureContract`, `HealthContract` and `HookContract` require ``ledger``, and
`AllowanceContract` requires ``two``. Each test gets an empty store or ledger.
"""

from pkgutil import iter_modules

import pytest

# before the modules are imported, so that failed assertions show the compared values
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))

from valetkey.testing.contracts.allowances import AllowanceContract, TwoLedgers
from valetkey.testing.contracts.changes import AnnouncedChangesContract, ChangesContract
from valetkey.testing.contracts.creation import CreationContract
from valetkey.testing.contracts.declarations import DeclarationContract
from valetkey.testing.contracts.due import DueContract
from valetkey.testing.contracts.erasures import AnnouncedErasureContract, ErasureContract
from valetkey.testing.contracts.forms import FormContract
from valetkey.testing.contracts.harness import (
    Abilities,
    Download,
    StoreHarness,
    download_over_http,
    post_over_http,
    put_over_http,
)
from valetkey.testing.contracts.health import EventProbeContract, HealthContract
from valetkey.testing.contracts.hooks import HookContract, HookLedger, hook_announcer
from valetkey.testing.contracts.keys import KeyRingContract
from valetkey.testing.contracts.multipart import ManyPartsContract, MultipartContract
from valetkey.testing.contracts.outbox import AnnouncingLedger, OutboxContract, announcer
from valetkey.testing.contracts.pages import PageContract
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
    """What every ledger must do. A fixture ``ledger`` provides an empty one."""


__all__ = [
    "Abilities",
    "AllowanceContract",
    "AnnouncedChangesContract",
    "AnnouncedErasureContract",
    "AnnouncingLedger",
    "Download",
    "FormContract",
    "HealthContract",
    "HookContract",
    "HookLedger",
    "KeyRingContract",
    "LedgerContract",
    "ManyPartsContract",
    "MultipartContract",
    "ObjectStoreContract",
    "OutboxContract",
    "ReadingContract",
    "StoreHarness",
    "TwoLedgers",
    "VersionedStoreContract",
    "announcer",
    "download_over_http",
    "hook_announcer",
    "post_over_http",
    "put_over_http",
]
