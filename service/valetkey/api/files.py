"""Files of our own, as the package has them."""

from pathlib import Path

from flask import Response, request
from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Response as BaseResponse


def send(folder: Path, name: str) -> BaseResponse:
    """The file below ``folder``. We send it ourselves, also where an application has the server in front of it send
    files (``USE_X_SENDFILE``): that one may send the application's own, and none of ours. Raises 404."""
    return send_from_directory(folder, name, request.environ, response_class=Response)
