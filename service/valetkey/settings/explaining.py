"""Errors of pydantic, explained to the person who wrote the settings."""

from typing import Any

from pydantic import ValidationError


def explain(error: ValidationError, name: Any) -> str:
    """Where and what, a line each; never the value, which may be a secret."""
    return "\n".join(
        f"{name('.'.join(str(part) for part in e['loc']))}: {e['msg'].removeprefix('Value error, ')}"
        if e["loc"]
        else e["msg"].partition(", ")[2]
        for e in error.errors()
    )
