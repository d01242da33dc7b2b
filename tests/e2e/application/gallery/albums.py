"""Albums and their photos."""

from uuid import uuid4

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from flask_wtf import FlaskForm
from wtforms import StringField, SubmitField
from wtforms.validators import InputRequired

from .extensions import db, limiter, valetkey
from .models import Album, Description, Photo

pages = Blueprint("albums", __name__)


class AlbumForm(FlaskForm):  # type: ignore[misc]
    title = StringField("Title", [InputRequired()])
    submit = SubmitField("Save")


@pages.route("/", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
@limiter.limit("100 per minute")
def new() -> ResponseReturnValue:
    """The form, and what comes of it: an album with the photos that are its owner's, or none."""
    form = AlbumForm()
    if not form.validate_on_submit():
        return render_template("new.html", form=form)
    album = Album(id=str(uuid4()), title=form.title.data, owner=current_user.get_id())
    for photo in valetkey.take("photos", owner=album.owner, reference=f"album:{album.id}", profile="photos"):
        album.photos.append(Photo(upload_id=photo.id, name=photo.filename))
    db.session.add(album)
    db.session.commit()
    return redirect(url_for("albums.show", number=album.id))


@pages.get("/albums/<number>")
@login_required  # type: ignore[untyped-decorator]
def show(number: str) -> ResponseReturnValue:
    album = db.first_or_404(db.select(Album).filter_by(id=number, owner=current_user.get_id()))
    said = {photo.upload_id: db.session.get(Description, photo.upload_id) for photo in album.photos}
    return render_template("album.html", album=album, said=said)


@pages.get("/photos/<upload_id>")
@login_required  # type: ignore[untyped-decorator]
def photo(upload_id: str) -> ResponseReturnValue:
    """To the bytes, which come from the store."""
    owned = db.select(Photo).join(Album).filter(Photo.upload_id == upload_id, Album.owner == current_user.get_id())
    db.first_or_404(owned)
    return redirect(valetkey.download_url(upload_id))
