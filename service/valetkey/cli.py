"""The command line: `valetkey --help`."""

import logging
import sys
from importlib import import_module

import click

_HOMES = {
    "dev": "server",
    "serve": "server",
    "worker": "server",
    "migrate": "server",
    "openapi": "server",
    "keys": "keys",
    "webhooks": "webhooks",
    "uploads": "uploads",
    "put": "put",
}
"""Each command, and the module of `valetkey.commands` that it is in."""


class _Commands(click.Group):
    """Loads a command when it is called: `put` need not wait for what the service is made of, nor that for `put`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        home = _HOMES.get(cmd_name)
        if home is None:
            return None
        command: click.Command = getattr(import_module(f"valetkey.commands.{home}"), cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="valetkey")
def main() -> None:
    """Direct-to-S3 uploads: grants, and proof that the bytes arrived. Settings come from VALETKEY_* variables."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("valetkey").setLevel(logging.INFO)


if __name__ == "__main__":
    sys.exit(main())
