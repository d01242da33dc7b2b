"""The Swift package, compiled in a Debian of its own (`make swift`), beside a service on a real Ceph RGW."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support import processes
from tests.support.stores import INSTALLED

if TYPE_CHECKING:
    import subprocess

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "frontend" / "swift"
DEBIAN = INSTALLED / "swift"
PATHS = "/usr/libexec/swift/bin:/usr/sbin:/usr/bin:/sbin:/bin"
OPTIMIZED = ["-c", "release", "-Xswiftc", "-enable-testing"]  # digests in Swift are slow without
BUILDING = 900.0
"""How long the compiler may take, in seconds, on a machine that has other things to do."""


@dataclass(frozen=True)
class Swift:
    """Its tools. `folder` is seen from inside of that Debian, as the repository is."""

    folder: Path

    def run(
        self, *command: str, env: Mapping[str, str] | None = None, timeout: float = 90
    ) -> "subprocess.CompletedProcess[str]":
        enter = ["unshare", "--mount", str(Path(__file__).with_name("within")), str(DEBIAN), str(ROOT)]
        given = {**os.environ, **(env or {}), "PATH": PATHS, "HOME": str(self.folder)}
        return processes.run([*enter, str(self.folder), *command], env=given, timeout=timeout)

    def tool(self, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`swift build` and its kin, on the package; what they make is in `folder`."""
        where = ["--package-path", str(PACKAGE), "--scratch-path", str(self.folder / "build")]
        return self.run(f"/usr/libexec/swift/bin/swift-{name}", *where, *OPTIMIZED, *arguments, timeout=BUILDING)


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Swift:
    """With the package and its tests built."""
    assert os.getuid() == 0, "another Debian is entered by root: sudo make swift"
    assert DEBIAN.exists(), "there is no Swift: run `make swift`, which unpacks one"
    swift = Swift(tmp_path_factory.mktemp("swift"))
    done = swift.tool("build", "--build-tests")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "warning:" not in done.stdout, done.stdout[-6000:]
    return swift
