"""An application with a hook, whose process dies once between a confirmation and the hook's call."""

import os
import signal
from hashlib import sha256
from pathlib import Path

from flask import Flask, current_app, has_request_context

from valetkey import Upload, ValetKey, upload_confirmed


def create_app() -> Flask:
    app = Flask("shop")
    valetkey = ValetKey(app)
    heard, called = Path("heard.txt"), Path("called.txt")

    @upload_confirmed.connect
    def die_once(upload: Upload) -> None:
        """In the thread that has just written the confirmation."""
        if not heard.exists():
            heard.write_text(f"{current_app.name} {upload.id}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    @valetkey.on_confirmed(name="fingerprint")
    def fingerprint(upload: Upload) -> None:
        assert not has_request_context()
        with valetkey.open(upload.id) as file:
            digest = sha256(file.read()).hexdigest()
        with called.open("a") as out:
            out.write(f"{current_app.name} {upload.id} {digest}\n")

    @valetkey.on_confirmed(name="broken")
    def broken(upload: Upload) -> None:
        raise ValueError(upload.id)

    return app
