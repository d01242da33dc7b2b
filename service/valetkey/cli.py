"""The command line: `valetkey --help`."""

import errno
import gc
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click
from typing_extensions import override

from valetkey.logs import log_to_stderr

_MODULES = {
    "init": "init",
    "doctor": "doctor",
    "dev": "server",
    "serve": "server",
    "worker": "server",
    "migrate": "server",
    "openapi": "server",
    "keys": "keys",
    "webhooks": "webhooks",
    "hooks": "hooks",
    "uploads": "uploads",
    "owners": "owners",
    "put": "put",
}
"""The module of `valetkey.commands` that each command is in."""

RARE_COLLECTIONS = (50_000, 20, 20)
"""Thresholds for `gc.set_threshold`. Garbage collection can be rare, as valetkey creates few reference cycles."""


UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Errors of what takes our output; that nobody reads it any more, click deals with."""


class _Commands(click.Group):
    """Imports a command's module when the command is called: `put` need not import the service."""

    @override
    def main(self, *args: Any, **kwargs: Any) -> Any:
        """As click has it, and in a sentence that the output cannot be written, also that of `--help`."""
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise
            _write_no_more()
            click.echo(f"Error: The output cannot be written: {error.strerror}.", err=True)
            sys.exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = _MODULES.get(cmd_name)
        if module is None:
            return None
        # imported objects are permanent: collecting garbage among them took a sixth of the start
        gc.set_threshold(*RARE_COLLECTIONS)
        command: click.Command = getattr(import_module(f"valetkey.commands.{module}"), cmd_name)
        return command


def _write_no_more() -> None:
    """What is left in the buffer causes no error when the interpreter ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="valetkey")
def main() -> None:
    """Direct-to-S3 uploads: presigned grants, and verification of what arrived.

    Settings are VALETKEY_* environment variables, or lines of the file .env; `valetkey init` writes one.
    """
    log_to_stderr()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name may have letters that the terminal lacks


if __name__ == "__main__":
    sys.exit(main())
