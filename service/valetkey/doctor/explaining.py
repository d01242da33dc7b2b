"""Errors as one line."""

from botocore.exceptions import ClientError

from valetkey.core.errors import ValetKeyError


def explain(error: BaseException) -> str:
    """An error as one line: our errors by their sentence, a store's by its code, others by their class and text."""
    if isinstance(error, ValetKeyError):
        cause = getattr(error.__cause__, "orig", None)
        return f"{error.detail} {cause}" if cause else error.detail
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        return f"{error.operation_name}: {said.get('Code', '')} {said.get('Message', '')}".strip()
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
