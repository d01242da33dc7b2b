"""Sends files that are part of the package."""

from pathlib import Path

from flask import Response, request
from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Response as BaseResponse


def send(folder: Path, name: str) -> BaseResponse:
    """The file below ``folder``. It is sent from here even if the application lets the server in front of it send files
    (``USE_X_SENDFILE``): that server can read the application's files, but not ours. Raises 404."""
    return send_from_directory(folder, name, request.environ, response_class=Response)
