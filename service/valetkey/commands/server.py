"""What serves: `valetkey dev`, `serve`, `worker`, `migrate`, `openapi`."""

import click
import orjson

from valetkey.commands.terminal import explained, open_ledger

_host = click.option("--host", help="Address to listen on (VALETKEY_HOST, 127.0.0.1).")
_port = click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (VALETKEY_PORT, 8000).")


@click.command()
@_host
@_port
@explained
def dev(host: str | None, port: int | None) -> None:
    """Try it: SQLite, an embedded S3, its events and a demo page, all in this process. Nothing is kept."""
    from valetkey.serve import run_dev

    run_dev(host, port)


@click.command()
@_host
@_port
@explained
def serve(host: str | None, port: int | None) -> None:
    """Serve the API by granian. Refuses to start without secrets, and with an open door."""
    from valetkey.serve import run_production

    run_production(host, port)


@click.command()
@explained
def worker() -> None:
    """Read the store's events from a queue, and sweep. Any number may run side by side; SIGTERM ends one cleanly."""
    from valetkey.serve import run_worker

    run_worker()


@click.command()
@explained
def migrate() -> None:
    """Bring the ledger's schema to this version's."""
    ledger = open_ledger()
    ledger.migrate()
    ledger.close()
    click.echo("The ledger is at this version's schema.")


@click.command()
@explained
def openapi() -> None:
    """Print the OpenAPI 3.1 document."""
    from valetkey.api.openapi import document

    click.echo(orjson.dumps(document(), option=orjson.OPT_INDENT_2).decode())
