"""What is done outside of requests: `celery --app gallery.tasks:celery worker`."""

import os

from celery import Celery
from PIL import Image

from .extensions import db, valetkey
from .models import Description

celery = Celery("gallery", broker=os.environ.get("REDIS_URL"))


@celery.task(name="describe")  # type: ignore[untyped-decorator]
def describe(upload_id: str) -> None:
    """Reads the confirmed bytes by the upload's id. At least once: the second time changes nothing."""
    from . import create_app

    with create_app().app_context(), valetkey.open(upload_id) as file:
        width, height = Image.open(file).size
        found = db.session.get(Description, upload_id)
        times = 1 if found is None else found.times + 1
        db.session.merge(Description(upload_id=upload_id, width=width, height=height, times=times))
        db.session.commit()
