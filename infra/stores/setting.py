"""Where one store runs, and the processes that make it up."""

import secrets
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A command that runs until it is killed, or a step before that."""

    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """Where one store runs: its directory, what was installed, its port, and for a proxy the store behind it."""

    directory: Path
    installed: Path
    port: int
    behind: dict[str, str]
    given: dict[str, str]
    key: str = "valetkey"
    secret: str = field(default_factory=lambda: secrets.token_hex(20))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self, name: str) -> str:
        """A command that a Python package brought, here or into our own environment; else one of the system."""
        beside = [self.installed / "commands" / "bin" / name, Path(sys.executable).with_name(name)]
        found = next((str(path) for path in beside if path.exists()), None) or shutil.which(name)
        if found is None:
            raise OSError(f"{name} is not installed: run infra/stores/install.py, or infra/system-packages stores")
        return found

    def write(self, name: str, text: str) -> str:
        path = self.directory / name
        path.write_text(text)
        return str(path)
