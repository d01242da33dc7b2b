"""Somebody's application: people log in (Flask-Login), forms are guarded (Flask-WTF), albums are rows of a database
(Flask-SQLAlchemy), and their photos come by valetkey. Its environment says whether that is used before a fork."""

import os
from threading import Thread
from uuid import uuid4

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from valetkey import Profile, ValetKey
from valetkey.core.access.callers import Caller
from valetkey.core.granting.admission import UploadRequest
from valetkey.forks import join

app = Flask(__name__)
app.secret_key = os.environ["VALETKEY_SECRET_KEYS"]
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["ALBUMS_DATABASE_URL"]
db = SQLAlchemy(app)
logins = LoginManager(app)
CSRFProtect(app)
valetkey = ValetKey(app, profiles={"photos": Profile("photos", content_types=("image/*",))})

MADE_IN = os.getpid()


class Album(db.Model):  # type: ignore[name-defined,misc]
    """One album, with what was claimed for it."""

    id = db.Column(db.String(36), primary_key=True)
    title = db.Column(db.String(100), nullable=False)
    photos = db.Column(db.JSON, nullable=False)


class User(UserMixin):  # type: ignore[misc]
    """Whoever says so: passwords are not what is tried here."""

    def __init__(self, name: str) -> None:
        self.id = name


@logins.user_loader  # type: ignore[untyped-decorator]
def load_user(name: str) -> User:
    return User(name)


@valetkey.owner_loader(profiles=["photos"])
def owner() -> str | None:
    found: str | None = current_user.get_id()
    return found


@app.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    if request.method == "GET":
        return render_template("login.html")
    login_user(User(request.form["name"]))
    return redirect(url_for("new_album"))


@app.route("/", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def new_album() -> ResponseReturnValue:
    """Claims before it writes: SQLite's lock would be held while others of the process wait for it."""
    if request.method == "GET":
        return render_template("album.html", album=None)
    number = str(uuid4())
    taken = valetkey.take("photos", owner=current_user.get_id(), reference=f"album:{number}", profile="photos")
    names = [photo.filename for photo in taken]
    db.session.add(Album(id=number, title=request.form["title"], photos=names))
    db.session.commit()
    return redirect(url_for("show_album", number=number))


@app.get("/albums/<number>")
@login_required  # type: ignore[untyped-decorator]
def show_album(number: str) -> ResponseReturnValue:
    return render_template("album.html", album=db.get_or_404(Album, number))


@app.after_request
def say_who(response: Response) -> Response:
    """Which process answered, and which one made the application."""
    response.headers["X-Processes"] = f"{os.getpid()} {MADE_IN}"
    return response


def use() -> None:
    """The ledger's readers and its writer, and the store."""
    valetkey.service.check()
    valetkey.service.create(Caller("early"), UploadRequest("early.png", "image/png", 1, profile="photos"))


if "ALBUMS_USED_EARLY" in os.environ:
    threads = [Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)  # to the end: uWSGI forks at once, and what OpenSSL does at a thread's end takes a lock
