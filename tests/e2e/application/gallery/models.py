"""The rows of the application's database."""

from sqlalchemy.orm import Mapped, mapped_column, relationship

from .extensions import db


class Album(db.Model):  # type: ignore[name-defined,misc]
    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner: Mapped[str]
    photos: Mapped[list["Photo"]] = relationship(order_by="Photo.name")


class Photo(db.Model):  # type: ignore[name-defined,misc]
    """A photo of an album is an upload: its id is all that is kept of it."""

    upload_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    album_id: Mapped[str] = mapped_column(db.ForeignKey(Album.id))


class Description(db.Model):  # type: ignore[name-defined,misc]
    """What a task has found out about an upload, whether it is in an album by then or not."""

    upload_id: Mapped[str] = mapped_column(primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    times: Mapped[int]
