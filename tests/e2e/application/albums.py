"""Somebody's application: people log in (Flask-Login), forms are guarded (Flask-WTF), albums are rows of a database
(Flask-SQLAlchemy), and their photos come by valetkey. Its environment says whether that is used before a fork."""

import os
from threading import Thread

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from valetkey import Profile, ValetKey
from valetkey.core.access.callers import Caller
from valetkey.core.granting.admission import UploadRequest

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

    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.String(100), nullable=False)
    owner = db.Column(db.String(100), nullable=False)
    photos = db.Column(db.JSON, nullable=False)


class User(UserMixin):
    """Whoever says so: passwords are not what is tried here."""

    def __init__(self, name: str) -> None:
        self.id = name


@logins.user_loader
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
@login_required
def new_album() -> ResponseReturnValue:
    """The claim is made within the transaction of the row that it is for."""
    if request.method == "GET":
        return render_template("album.html", album=None)
    album = Album(title=request.form["title"], owner=owner(), photos=[])
    db.session.add(album)
    db.session.flush()
    taken = valetkey.take("photos", owner=album.owner, reference=f"album:{album.id}", profile="photos")
    album.photos = [photo.filename for photo in taken]
    db.session.commit()
    return redirect(url_for("show_album", number=album.id))


@app.get("/albums/<int:number>")
@login_required
def show_album(number: int) -> ResponseReturnValue:
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
        thread.join()
