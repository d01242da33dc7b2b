"""`valetkey put` as a process, and a service whose clients reach the store through a bad network."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Service
from tests.e2e.proxy import StoreProxy
from tests.support import processes
from tests.support.servers import VALETKEY

MIB = 1024**2

PROFILES = f"""
[profiles.default]
min_size = 1

[profiles.empty]
min_size = 0

[profiles.images]
content_types = ["image/*"]
max_size = 1000

[profiles.bare]
metadata = []

[profiles.parts]
multipart_from = {5 * MIB}
part_size = {5 * MIB}
key = "parts/{{id}}/{{filename}}"

[profiles.brief]
multipart_from = {5 * MIB}
part_size = {5 * MIB}
expires_in = 5
"""

NO_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
"""Before a command: file permissions hold for it, whoever runs the tests."""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What `--json` printed."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self) -> dict[str, Any]:
        [row] = self.rows
        return row


@dataclass(frozen=True)
class Terminal:
    """A terminal in `directory`, with a credential for the service."""

    service: Service
    network: StoreProxy
    directory: Path

    @property
    def env(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VALETKEY_")}
        return inherited | {
            "VALETKEY_ENDPOINT": self.service.server.base_url,
            "VALETKEY_TOKEN": str(self.service.api.token),
            "XDG_STATE_HOME": str(self.directory / "state"),
        }

    def put(
        self, *args: str, given: bytes = b"", before: tuple[str, ...] = (), env: Mapping[str, str] | None = None
    ) -> Done:
        """Run it to its end; `given` is its standard input."""
        command = [*before, str(VALETKEY), "put", *args]
        done = processes.run(command, env=self.env | dict(env or {}), cwd=self.directory, given=given, timeout=120)
        return Done(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def putting(self, *args: str) -> Iterator["subprocess.Popen[bytes]"]:
        """It runs beside the block, and is killed after it."""
        with processes.running(
            [VALETKEY, "put", *args], env=self.env, cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            yield process

    def file(self, name: str, content: bytes) -> str:
        """Write a file; its name."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return name

    def content(self, upload: dict[str, Any]) -> bytes:
        """What is at the store for a confirmed upload."""
        assert upload["state"] == "confirmed"
        found = self.service.bucket.client.get_object(Bucket=self.service.bucket.name, Key=upload["object"]["key"])
        return found["Body"].read()

    def recorded(self) -> list[Path]:
        """The records of uploads that are not finished."""
        return list((self.directory / "state" / "valetkey" / "uploads").glob("*"))

    def open_uploads(self) -> list[dict[str, Any]]:
        """All uploads that the service has pending."""
        answer = self.service.api.http.get("/v1/uploads", params={"state": "pending", "limit": 100})
        return list(answer.json()["uploads"])

    def parts_at_store(self) -> set[int]:
        """The parts of the only multipart upload that is open."""
        s3, bucket = self.service.bucket.client, self.service.bucket.name
        found = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        if not found:
            return set()
        [upload] = found
        listed = s3.list_parts(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return {part["PartNumber"] for part in listed.get("Parts", [])}


def ended(process: "subprocess.Popen[bytes]") -> Done:
    """Wait for a command's own end."""
    out, err = process.communicate(timeout=120)
    return Done(process.returncode, out.decode(), err.decode())
