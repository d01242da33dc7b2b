"""Validation errors as messages for operators."""

from typing import Any

from pydantic import ValidationError


def explain(error: ValidationError, name: Any) -> str:
    """A line for each error, with the setting's name but never its value, which may be a secret."""
    return "\n".join(
        f"{name('.'.join(str(part) for part in e['loc']))}: {e['msg'].removeprefix('Value error, ')}"
        if e["loc"]
        else e["msg"].partition(", ")[2]
        for e in error.errors()
    )
