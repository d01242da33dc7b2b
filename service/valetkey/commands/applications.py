"""Loading applications by the names given on the command line."""

import click
from flask import Flask
from flask.cli import ScriptInfo, load_dotenv

from valetkey.core.errors import ValetKeyError


def load_application(name: str, *, env_files: bool = True) -> Flask:
    """What ``flask --app`` takes by that name, from the current directory or what is installed.

    As there, it finds in the environment what ``.env`` and ``.flaskenv`` say, unless ``env_files`` is false. Raises
    `click.ClickException` where there is none, and where its code fails; errors of ours are raised as they are.
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
