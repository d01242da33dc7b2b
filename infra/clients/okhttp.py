#!/usr/bin/env python3
"""Installs OkHttp, the HTTP library of the generated Kotlin client, into a folder: okhttp.py FOLDER.

Android projects get it from Maven Central, as the client's build.gradle says. Where Maven Central cannot be reached,
the npm package of the Allure report contains OkHttp's jars as they were published; their digests are checked.
"""

# ruff: noqa: S603 -- it runs npm

import argparse
import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "allure-commandline@2.46.1"
INSIDE = "package/dist/plugins/jira-plugin/lib"
JARS = {
    "okhttp-jvm-5.5.0.jar": "234194a04aac54858df0a750d243af7b2e39df5e4eb86e9912043ad33a9f9a52",
    "okio-jvm-3.18.1.jar": "b97b640557a650d15411f2be29aef558c4e422a83653cb18ba494311dbed18be",
}


def bring(folder: Path) -> None:
    """Puts the jars into ``folder``. Raises `SystemExit` if a digest does not match."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        pack = ["npm", "pack", "--silent", "--pack-destination", work, PACKAGE]
        if subprocess.run(pack, check=False, stdout=subprocess.DEVNULL).returncode:
            raise SystemExit(f"okhttp: npm cannot bring {PACKAGE}")
        [packed] = Path(work).glob("*.tgz")
        with tarfile.open(packed) as archive:
            for name, digest in JARS.items():
                member = archive.extractfile(f"{INSIDE}/{name}")
                content = member.read() if member else b""
                if hashlib.sha256(content).hexdigest() != digest:
                    raise SystemExit(f"okhttp: {name} is not the one that was looked at")
                (folder / name).write_bytes(content)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="okhttp.py", description=__doc__)
    parser.add_argument("folder", type=Path)
    bring(parser.parse_args().folder)
