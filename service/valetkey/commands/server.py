"""`valetkey dev`, `serve`, `worker`, `migrate` and `openapi`."""

import click
import orjson

from valetkey.commands.terminal import open_ledger, report_errors

_host = click.option("--host", help="Address to listen on (VALETKEY_HOST, 127.0.0.1).")
_port = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (VALETKEY_PORT, 8000).")


_app = click.option(
    "--app",
    "application",
    metavar="MODULE[:NAME]",
    help="The Flask application, as for `flask --app`: 'shop', 'shop:app', 'shop:create_app()'.",
)


@click.command()
@_app
@_host
@_port
@click.option("--reload/--no-reload", default=True, help="Restart the application when its code changes.")
@report_errors
def dev(application: str | None, host: str | None, port: int | None, *, reload: bool) -> None:
    """Run everything in one process, to try it out: SQLite, an embedded S3, its events, a demo page. Nothing is kept.

    With --app it runs your application instead of the demo page. The worker is in the same process, so that the
    application's hooks and signal receivers are called.
    """
    from valetkey.dev import run_dev, run_dev_app

    if application is None:
        run_dev(host, port)
        return
    from valetkey.commands.applications import load_application

    # `run_dev_app` has loaded the .env files, and removed AWS accounts from the environment: do not load them again
    run_dev_app(lambda: load_application(application, env_files=False), host, port, reload=reload)


@click.command()
@_host
@_port
@report_errors
def serve(host: str | None, port: int | None) -> None:
    """Serve the API with Granian. Refuses to start without secrets, or if anybody could upload."""
    from valetkey.serve import run_production

    run_production(host, port)


@click.command()
@_app
@report_errors
def worker(application: str | None) -> None:
    """Run the background work: events from a queue, the sweep, webhooks. Run one or several; SIGTERM stops it cleanly.

    With --app it uses the application's settings and profiles, calls its hooks and sends its signals.
    """
    from valetkey.commands.applications import load_application
    from valetkey.serve import run_worker

    run_worker(None if application is None else lambda: load_application(application))


@click.command()
@report_errors
def migrate() -> None:
    """Migrate the ledger to the schema of this version."""
    ledger = open_ledger()
    ledger.migrate()
    ledger.close()
    click.echo("The ledger has the schema of this version.")


@click.command()
@report_errors
def openapi() -> None:
    """Print the OpenAPI 3.1 document."""
    from valetkey.api.openapi import document

    click.echo(orjson.dumps(document(), option=orjson.OPT_INDENT_2).decode())
