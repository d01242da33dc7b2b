"""podman and buildah with images and containers of one test run alone, and the images of infra/docker in them."""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import processes

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "infra" / "docker"
STAND_INS = Path(__file__).with_name("stand-ins")
IMAGE, BASE = "valetkey:0.1.0", "debian:12.12-slim"
AUTHORITIES, APT = Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/apt/apt.conf.d")
"""Whom this machine trusts, and how its apt reaches packages."""
PODMANS_PROCESSES = 32 * 1024


@dataclass(frozen=True)
class Store:
    """Where they keep everything; ``before`` is put before each command of podman."""

    directory: Path
    context: Path
    before: Sequence[str] = ()

    @property
    def options(self) -> list[str]:
        kept = ["--root", str(self.directory / "root"), "--runroot", str(self.directory / "run")]
        return [*kept, "--storage-driver", "overlay"]

    @property
    def bounds(self) -> list[str]:
        """For `podman run`: what we may have ourselves; podman asks for more, which not each machine grants to root.

        It takes at most so many processes for itself at its start, and can give no container more.
        """
        bounds = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
        hard = {name: resource.getrlimit(each)[1] for name, each in bounds.items()}
        hard["nproc"] = PODMANS_PROCESSES if hard["nproc"] < 0 else min(hard["nproc"], PODMANS_PROCESSES)
        return [f"--ulimit={name}={value}:{value}" for name, value in hard.items()]

    def within(self, *before: str) -> "Store":
        """The same, with its containers begun by way of this command."""
        return Store(self.directory, self.context, before)

    def podman(self, *command: str, fails: bool = False, timeout: float = 120) -> str:
        how = ["--log-level=error", "--runtime=runc", "--cgroup-manager=cgroupfs"]
        done = processes.run([*self.before, "podman", *self.options, *how, *command], timeout=timeout)
        assert bool(done.returncode) is fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout.strip()

    def logs(self, name: str) -> str:
        """What a container printed, on both of its outputs."""
        done = processes.run([*self.before, "podman", *self.options, "logs", name], timeout=60)
        return done.stdout + done.stderr

    def build(self, image: str, file: Path, context: Path | None = None) -> None:
        """From the base alone, and what apt and pip bring."""
        pip = self.directory / "pip.conf"
        pip.write_text("[global]\ncert = /run/authorities.pem\n")
        places = {AUTHORITIES: "/run/authorities.pem", pip: "/etc/pip.conf"}
        # not the folder, in which packages write, nor what packages wrote there
        places |= {file: str(file) for file in APT.iterdir() if "Acquire" in file.read_text()}
        mounts = [f"--volume={path}:{place}:ro" for path, place in places.items()]  # these are no part of the image
        how = ["--isolation", "chroot", "--pull-never", "--network", "host", "--format", "docker", *mounts]
        run("buildah", *self.options, "bud", *how, "-f", file, "-t", image, context or self.context)


def run(*command: str | Path) -> None:
    done = processes.run(command, timeout=1200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@contextmanager
def running_store() -> Iterator[Store]:
    """With the base in it, and a context to build from: what the Dockerfiles take of the repository."""
    assert os.getuid() == 0, "images are built in a chroot, and so by root: sudo make images"
    # podman bears no long paths
    with tempfile.TemporaryDirectory(prefix="vk-", ignore_cleanup_errors=True) as directory:
        yield from _running_store(Path(directory))


def _running_store(directory: Path) -> Iterator[Store]:
    assert (ROOT / "dist" / "SHA256SUMS").exists(), "there is nothing to put into an image: run `make images`"
    context = directory / "context"
    context.mkdir()
    shutil.copy(ROOT / "constraints.txt", context)
    shutil.copytree(ROOT / "dist", context / "dist")
    for folder in ("docker", "ceph"):
        shutil.copytree(ROOT / "infra" / folder, context / "infra" / folder)
    store = Store(directory, context)
    try:
        run(DOCKER / "base", BASE, *store.options)
        yield store
    finally:
        store.podman("rm", "--all", "--force", "--time", "0")
        for mounted in (*directory.glob("root/overlay"), *directory.glob("*/root/overlay")):
            subprocess.run(["umount", "--lazy", mounted], check=False, capture_output=True)
