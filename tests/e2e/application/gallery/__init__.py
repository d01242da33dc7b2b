"""Somebody's application, as people build them: a factory, blueprints, a login, forms that are guarded everywhere, a
strict Content-Security-Policy, limits, a database with models, tasks in Celery, and photos that come by valetkey."""

import os

from flask import Flask

from . import accounts, albums, tasks
from .extensions import csrf, db, limiter, logins, talisman, valetkey

S3 = os.environ["VALETKEY_S3_ENDPOINT_URL"]
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "connect-src": ["'self'", S3],
    "img-src": ["'self'", "blob:", S3],
    "style-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def create_app() -> Flask:
    app = Flask(__name__)
    app.secret_key = os.environ["VALETKEY_SECRET_KEYS"]
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["GALLERY_DATABASE_URL"]
    app.config["RATELIMIT_STORAGE_URI"] = "memory://"
    db.init_app(app)
    logins.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    talisman.init_app(
        app,
        force_https=False,
        session_cookie_secure=False,
        content_security_policy=POLICY,
        content_security_policy_nonce_in=["script-src"],
    )
    valetkey.init_app(app)
    app.register_blueprint(accounts.pages)
    app.register_blueprint(albums.pages)
    tasks.celery.conf.broker_url = os.environ["REDIS_URL"]
    return app
