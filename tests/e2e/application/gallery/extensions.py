"""What the application is made with; each is bound to it by the factory."""

import os
from datetime import timedelta

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user
from flask_sqlalchemy import SQLAlchemy
from flask_talisman import Talisman
from flask_wtf import CSRFProtect

from valetkey import Profile, Upload, ValetKey

db = SQLAlchemy()
logins = LoginManager()
logins.login_view = "accounts.login"
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, default_limits=["600 per minute"])
talisman = Talisman()
within = timedelta(seconds=int(os.environ["GALLERY_CLAIM_WITHIN"]))
photos = Profile("photos", content_types=("image/*",), claim_within=within)
valetkey = ValetKey(profiles={"photos": photos}, url_prefix="/files")


@valetkey.owner_loader(profiles=["photos"])
def owner() -> str | None:
    """Who is logged in."""
    found: str | None = current_user.get_id()
    return found


@valetkey.on_confirmed(name="describe")
def describe(upload: Upload) -> None:
    """Gives the work to Celery: only the id crosses."""
    assert not request
    from .tasks import describe

    describe.delay(upload.id)
