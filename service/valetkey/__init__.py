"""Direct-to-S3 uploads for Flask: presigned POST grants, and proof that the bytes arrived."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valetkey.adapters.signals import (
        upload_aborted,
        upload_confirmed,
        upload_deleted,
        upload_expired,
        upload_rejected,
    )
    from valetkey.app import ValetKey
    from valetkey.core.model.profile import Profile
    from valetkey.core.model.rules import Detect

__all__ = [
    "Detect",
    "Profile",
    "ValetKey",
    "upload_aborted",
    "upload_confirmed",
    "upload_deleted",
    "upload_expired",
    "upload_rejected",
]

_HOMES = {"ValetKey": "valetkey.app", "Profile": "valetkey.core.model.profile", "Detect": "valetkey.core.model.rules"}


def __getattr__(name: str) -> Any:
    """Loads a public name at its first use: who needs one part need not wait for boto3."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "valetkey.adapters.signals")), name)
