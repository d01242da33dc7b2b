"""Loading Flask applications by their names on the command line."""

import click
from flask import Flask
from flask.cli import ScriptInfo, load_dotenv

from valetkey.core.errors import ValetKeyError


def load_application(name: str, *, env_files: bool = True) -> Flask:
    """Loads the application that ``flask --app`` finds by ``name``, from the working directory or an installed package.

    Like ``flask``, it loads ``.env`` and ``.flaskenv`` into the environment before, unless ``env_files`` is false.
    Raises `click.ClickException` if there is no such application or its code fails, and any `ValetKeyError` as it is.
    """
    if env_files:
        load_dotenv()
    try:
        return ScriptInfo(app_import_path=name).load_app()
    except (click.ClickException, ValetKeyError):
        raise
    except Exception as error:
        import traceback

        click.echo(traceback.format_exc(), err=True)
        raise click.ClickException(
            f"Loading the application {name!r} failed: {type(error).__name__}: {error}"
        ) from error
