"""Settings of several values, as the environment has them: separated by commas."""

from typing import Annotated, TypeVar

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

Values = TypeVar("Values")


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Separated = Annotated[Values, NoDecode, BeforeValidator(_split)]
"""The type of a field: ``Separated[tuple[str, ...]]``. Spaces around a value, and empty ones, are left out."""
