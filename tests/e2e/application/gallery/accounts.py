"""Logging in. No password: that is not what is tried here."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, login_user
from flask_wtf import FlaskForm
from wtforms import StringField, SubmitField
from wtforms.validators import InputRequired

from .extensions import logins

pages = Blueprint("accounts", __name__)


class User(UserMixin):  # type: ignore[misc]
    def __init__(self, name: str) -> None:
        self.id = name


class LoginForm(FlaskForm):  # type: ignore[misc]
    name = StringField("Name", [InputRequired()])
    submit = SubmitField("Log in")


@logins.user_loader  # type: ignore[untyped-decorator]
def load(name: str) -> User:
    return User(name)


@pages.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    form = LoginForm()
    if form.validate_on_submit():
        login_user(User(form.name.data))
        return redirect(url_for("albums.new"))
    return render_template("login.html", form=form)
