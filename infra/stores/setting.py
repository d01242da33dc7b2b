"""The set-up of a store, and its processes."""

import secrets
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A command that runs until it is killed, or a preparing step."""

    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """The set-up of a store: its directory, the folder of installed software, its port, and for a proxy the store
    behind it."""

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
        """The path of a command: of an installed Python package, of our own environment, or of the system."""
        beside = [self.installed / "commands" / "bin" / name, Path(sys.executable).with_name(name)]
        found = next((str(path) for path in beside if path.exists()), None) or shutil.which(name)
        if found is None:
            raise OSError(f"{name} is not installed: run infra/stores/install.py, or infra/system-packages stores")
        return found

    def write(self, name: str, text: str) -> str:
        path = self.directory / name
        path.write_text(text)
        return str(path)
