"""Somebody's application: a login in the session, forms with Flask-WTF, a strict policy by Flask-Talisman."""

import os

from flask import Flask, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_talisman import Talisman
from flask_wtf import CSRFProtect

from valetkey import Profile, ValetKey
from valetkey.app import BLUEPRINTS

STORE = os.environ.get("PHOTOS_CONNECT", os.environ["VALETKEY_S3_ENDPOINT_URL"])
WORKERS = os.environ.get("PHOTOS_WORKERS", "'self'")

app = Flask(__name__)
app.secret_key = os.environ["VALETKEY_SECRET_KEYS"]
CSRFProtect(app)
Talisman(
    app,
    force_https=False,
    session_cookie_secure=False,
    content_security_policy={
        "default-src": "'none'",
        "script-src": "'self'",
        "connect-src": ["'self'", STORE],
        "worker-src": WORKERS,
        "style-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
    },
    content_security_policy_nonce_in=["script-src"],
)
valetkey = ValetKey(app, profiles={"photos": Profile("photos", content_types=("image/*",))}, url_prefix="/files")


@valetkey.owner_loader(profiles=["photos"], max_uploads=1)
def owner() -> str | None:
    """Who is logged in."""
    found: str | None = session.get("user")
    return found


@app.before_request
def require_login() -> ResponseReturnValue | None:
    """As applications do; the rest is left to valetkey's own."""
    if request.endpoint in {"login", "favicon"} or request.blueprint in BLUEPRINTS or "user" in session:
        return None
    return redirect("/login")


@app.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """No password: this is not what is tried here."""
    if request.method == "GET":
        return render_template("login.html")
    session["user"] = request.form["user"]
    return redirect("/albums")


@app.route("/albums", methods=["GET", "POST"])
def albums() -> ResponseReturnValue:
    """The form with the field, and what comes of it."""
    photos, title = request.form.getlist("photos"), request.form.get("title")
    return render_template("albums.html", photos=photos, title=None if title == "wrong" else title)


@app.get("/favicon.ico")
def favicon() -> ResponseReturnValue:
    """None: browsers ask for it."""
    return "", 204
