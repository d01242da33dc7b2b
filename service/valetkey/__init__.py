"""Direct-to-S3 uploads for Flask: presigned POST grants, and proof that the bytes arrived."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valetkey.adapters.signals import (
        upload_aborted,
        upload_confirmed,
        upload_deleted,
        upload_expired,
        upload_rejected,
        upload_unclaimed,
    )
    from valetkey.adapters.sql.schema import TABLES
    from valetkey.api.records import Erasure, StoredObject, Upload
    from valetkey.app import ValetKey
    from valetkey.core.errors import (
        AlreadyClaimed,
        ConfigurationError,
        ErasureNotFound,
        InvalidRequest,
        LedgerUnavailable,
        ObjectReplaced,
        StateConflict,
        StoreUnavailable,
        Unauthenticated,
        Unavailable,
        UnknownProfile,
        UploadNotFound,
        ValetKeyError,
        WrongProfile,
    )
    from valetkey.core.model.profile import Profile
    from valetkey.core.model.rules import Detect
    from valetkey.core.model.upload import Checksum, Claim, Reason, UploadState
    from valetkey.core.service import IssuedTicket

__all__ = [
    "TABLES",
    "AlreadyClaimed",
    "Checksum",
    "Claim",
    "ConfigurationError",
    "Detect",
    "Erasure",
    "ErasureNotFound",
    "InvalidRequest",
    "IssuedTicket",
    "LedgerUnavailable",
    "ObjectReplaced",
    "Profile",
    "Reason",
    "StateConflict",
    "StoreUnavailable",
    "StoredObject",
    "Unauthenticated",
    "Unavailable",
    "UnknownProfile",
    "Upload",
    "UploadNotFound",
    "UploadState",
    "ValetKey",
    "ValetKeyError",
    "WrongProfile",
    "upload_aborted",
    "upload_confirmed",
    "upload_deleted",
    "upload_expired",
    "upload_rejected",
    "upload_unclaimed",
]

_HOMES = {
    "valetkey.app": {"ValetKey"},
    "valetkey.api.records": {"Erasure", "StoredObject", "Upload"},
    "valetkey.core.model.profile": {"Profile"},
    "valetkey.core.model.rules": {"Detect"},
    "valetkey.core.model.upload": {"Checksum", "Claim", "Reason", "UploadState"},
    "valetkey.core.service": {"IssuedTicket"},
    "valetkey.adapters.sql.schema": {"TABLES"},
    "valetkey.adapters.signals": {name for name in __all__ if name.startswith("upload_")},
}


def __getattr__(name: str) -> Any:
    """Loads a public name at its first use, so that programs that do not need boto3 start faster."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home = next((home for home, names in _HOMES.items() if name in names), "valetkey.core.errors")
    return getattr(import_module(home), name)
