"""Real S3 servers for tests: Ceph RGW, third-party stores and proxies, and moto in this process."""

import functools
import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer
from tests.support import processes

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).parents[2]
RGW_SCRIPT = ROOT / "infra" / "ceph" / "rgw"
STORES_SCRIPT = ROOT / "infra" / "stores" / "serve.py"
INSTALLED = ROOT / ".stores"
"""The software that infra/stores/install.py has installed (`make stores`)."""

START_WITHIN = ("--timeout", "150")
"""The maximum time for the start of a store in seconds, on a busy machine; Ceph takes twelve."""


@dataclass(frozen=True)
class S3Server:
    """The address of an S3 server, and the credentials of a user with all permissions."""

    endpoint_url: str
    access_key: str
    secret_key: str
    region: str

    def client(self, **config: Any) -> "S3Client":
        """A boto3 client without retries; `config` is passed to botocore's `Config`."""
        defaults: dict[str, Any] = {
            "retries": {"total_max_attempts": 1},
            "s3": {"addressing_style": "path"},
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
        return self.session.client("s3", endpoint_url=self.endpoint_url, config=Config(**(defaults | config)))

    @functools.cached_property
    def session(self) -> boto3.Session:
        """The boto3 session that all clients of a server share: creating one takes 80 ms."""
        return boto3.Session(self.access_key, self.secret_key, region_name=self.region)

    def env(self) -> dict[str, str]:
        """The environment variables with which a process uses this server."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "VALETKEY_S3_ENDPOINT_URL": self.endpoint_url,
            "VALETKEY_S3_REGION": self.region,
        }


@dataclass(frozen=True)
class Rgw(S3Server):
    """A Ceph RGW of this run, with its directory."""

    directory: Path

    @classmethod
    def start(cls, directory: Path, *, owner: int, root: Path | None = None) -> "Rgw":
        """Starts a server, or finds the one that is running there. It ends when process `owner` ends.

        It uses the system's Ceph, or that of the Debian in the folder `root`.
        """
        other = ["--root", str(root)] if root else []
        out = _rgw("start", directory, "--json", "--while-pid", str(owner), *START_WITHIN, *other)
        return cls(**json.loads(out), directory=directory)

    def create_writer(self) -> tuple[str, str]:
        """An access key and its secret for the user of this server, with permission to write only."""
        return self._create_key("write")

    def create_reader(self) -> tuple[str, str]:
        """The same with permission to read only."""
        return self._create_key("read")

    def create_user(self) -> tuple[str, str, str]:
        """Creates another user, with the permissions of bucket policies only: returns an access key, its secret, and
        the user's name in policies."""
        keys = secrets.token_hex(10).upper(), secrets.token_hex(20)
        name = f"other-{secrets.token_hex(4)}"
        given = (f"--access-key={keys[0]}", f"--secret-key={keys[1]}")
        self._admin("user", "create", f"--uid={name}", f"--display-name={name}", *given)
        return *keys, f"arn:aws:iam:::user/{name}"

    def _create_key(self, access: str) -> tuple[str, str]:
        keys = secrets.token_hex(10).upper(), secrets.token_hex(20)
        name = f"valetkey:{secrets.token_hex(4)}"
        self._admin("subuser", "create", "--uid=valetkey", f"--subuser={name}", f"--access={access}")
        secret = ("--key-type=s3", f"--access-key={keys[0]}", f"--secret-key={keys[1]}")
        self._admin("key", "create", f"--subuser={name}", *secret)
        return keys

    def _admin(self, *args: str) -> None:
        done = processes.run(["radosgw-admin", "-c", "ceph.conf", *args], timeout=150, cwd=self.directory)
        if done.returncode:
            raise RuntimeError(f"radosgw-admin {args[0]} failed:\n{done.stderr}")

    def stop_gateway(self) -> None:
        """Kills radosgw only: the store is unavailable, its objects are kept."""
        _rgw("stop-gateway", self.directory)

    def start_gateway(self) -> None:
        _rgw("start-gateway", self.directory, *START_WITHIN)


def stop_rgw(directory: Path) -> None:
    """Stops the RGW of `directory`, and removes its data. Does nothing if there is none."""
    _rgw("stop", directory)


def _rgw(command: str, directory: Path, *args: str) -> str:
    return _run(RGW_SCRIPT, command, "--dir", str(directory), *args)


def _run(script: Path, *args: str) -> str:
    done = processes.run([sys.executable, script, *args], timeout=200)
    if done.returncode:
        raise RuntimeError(f"{script.name} {args[0]} failed:\n{done.stderr}")
    return done.stdout


def start_store(
    name: str, directory: Path, *, owner: int, behind: S3Server | None = None, settings: dict[str, str] | None = None
) -> S3Server:
    """Starts one of the stores of `infra/stores/recipes.py`, or finds the one that is running in `directory`.

    It ends when process `owner` ends. `behind` is the store behind a proxy.
    """
    options = ["--installed", str(INSTALLED), "--json", "--while-pid", str(owner), *START_WITHIN]
    if behind:
        known = {"endpoint_url", "access_key", "secret_key", "region"}
        options += ["--behind", json.dumps({name: getattr(behind, name) for name in known})]
    for setting, value in (settings or {}).items():
        options += ["--set", f"{setting}={value}"]
    out = _run(STORES_SCRIPT, "start", name, "--dir", str(directory), *options)
    printed = json.loads(out)
    del printed["pid"]
    return S3Server(**printed)


def stop_store(directory: Path) -> None:
    """Stops the store of `directory`, and removes its data. Does nothing if there is none."""
    _run(STORES_SCRIPT, "stop", "--dir", str(directory))


def stop_stores(directory: Path) -> None:
    """Stops every store in a directory `store-...` of this one, and removes its data."""
    for store in directory.glob("store-*"):
        if (store / "rgw.json").exists():
            stop_rgw(store)
        else:
            stop_store(store)


@contextmanager
def running_moto() -> Iterator[S3Server]:
    """Moto's S3 in this process. It enforces no policies."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}", "moto", "moto-secret", "us-east-1")
    finally:
        server.stop()


@dataclass(frozen=True)
class Bucket:
    """A new bucket, with a client and its server."""

    name: str
    client: "S3Client"
    server: S3Server

    def keys(self) -> list[str]:
        """The keys of its objects, up to a thousand."""
        return [found["Key"] for found in self.client.list_objects_v2(Bucket=self.name).get("Contents", [])]

    def allow_pages(self) -> None:
        """Sets a CORS rule that allows uploads from pages of any origin."""
        rule: Any = {
            "AllowedOrigins": ["*"],
            "AllowedMethods": ["POST", "PUT"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag", "Location"],
        }
        self.client.put_bucket_cors(Bucket=self.name, CORSConfiguration={"CORSRules": [rule]})


@contextmanager
def fresh_bucket(server: S3Server, **made: Any) -> Iterator[Bucket]:
    """Creates a bucket with a random name, as ``made`` says; removes it with all its objects afterwards."""
    bucket = Bucket(f"test-{secrets.token_hex(6)}", server.client(), server)
    bucket.client.create_bucket(Bucket=bucket.name, **made)
    try:
        yield bucket
    finally:
        _remove(bucket)


def _remove(bucket: Bucket) -> None:
    name, s3 = bucket.name, bucket.client
    for uploads in s3.get_paginator("list_multipart_uploads").paginate(Bucket=name):
        for upload in uploads.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=name)
