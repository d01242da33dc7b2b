"""An application as a process beside its web server imports it, and what is done there with an upload, by its id."""

import os
from hashlib import file_digest

from celery import Celery
from flask import Flask

from valetkey import ValetKey

app = Flask("shop")
valetkey = ValetKey(app, allow_open=True)
celery = Celery("tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])


def fingerprint(upload_id: str) -> list[str]:
    """The process that does it, and the digest of the confirmed bytes."""
    with valetkey.open(upload_id) as file:
        return [str(os.getpid()), file_digest(file, "sha256").hexdigest()]


celery.task(fingerprint, name="fingerprint")
