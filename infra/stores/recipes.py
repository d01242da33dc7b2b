"""How each store starts: its processes, their environment, and the credentials of a user with all permissions."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass

from setting import Process, Setting
from swift import make_rings, swift, swift_user


def user(setting: Setting) -> dict[str, str]:
    return {"access_key": setting.key, "secret_key": setting.secret, "region": "us-east-1"}


def user_behind(setting: Setting) -> dict[str, str]:
    return {name: setting.behind[name] for name in ("access_key", "secret_key", "region")}


def nothing(_: Setting) -> list[Process]:
    return []


@dataclass(frozen=True)
class Recipe:
    """How a store starts; ``ready`` is the path that responds with a status below 500 when it is ready."""

    processes: Callable[[Setting], list[Process]]
    prepare: Callable[[Setting], list[Process]] = nothing
    credentials: Callable[[Setting], dict[str, str]] = user
    ready: str = "/"


def format_juicefs(setting: Setting) -> list[Process]:
    data, meta = setting.directory / "data", setting.directory / "meta.db"
    options = ["--storage", "file", "--bucket", f"{data}/", "--trash-days", "0", "--no-update"]
    return [Process([setting.command("juicefs"), "format", *options, f"sqlite3://{meta}", "vol"])]


def juicefs(setting: Setting, *options: str) -> list[Process]:
    """MinIO's S3 layer. With ``webhook`` and ``webhook_token``, it sends events there, as MinIO does."""
    directory = setting.directory
    argv = [setting.command("juicefs"), "gateway", f"sqlite3://{directory / 'meta.db'}", setting.address]
    argv += ["--multi-buckets", "--no-banner", "--no-usage-report", "--metrics", "127.0.0.1:0", "--backup-meta", "0"]
    argv += ["--log", str(directory / "gateway.log"), "--cache-dir", str(directory / "cache"), *options]
    env = {"MINIO_ROOT_USER": setting.key, "MINIO_ROOT_PASSWORD": setting.secret, "HOME": str(directory)}
    if url := setting.given.get("webhook"):
        env |= {
            "MINIO_NOTIFY_WEBHOOK_ENABLE_VALETKEY": "on",
            "MINIO_NOTIFY_WEBHOOK_ENDPOINT_VALETKEY": url,
            "MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_VALETKEY": setting.given["webhook_token"],
        }
    return [Process(argv, env)]


def localstack(setting: Setting) -> list[Process]:
    """LocalStack, on Python 3.13 of the Debian 13 folder, as it needs 3.12. ``services`` replaces S3 and SQS."""
    root, directory = setting.installed / "debian13", setting.directory
    loader = next((root / "usr" / "lib64").glob("ld-linux-*"), None) or next((root / "usr" / "lib").glob("ld-linux-*"))
    libraries = next((root / "usr" / "lib").glob("*-linux-gnu"))
    argv = [str(loader), "--argv0", "python3.13", "--library-path", str(libraries), f"{root}/usr/bin/python3.13"]
    env = {
        "PYTHONHOME": f"{root}/usr",
        "PYTHONPATH": str(setting.installed / "localstack"),
        "GATEWAY_SERVER": "hypercorn",
        "GATEWAY_LISTEN": setting.address,
        "SERVICES": setting.given.get("services", "s3,sqs"),
        "EAGER_SERVICE_LOADING": "1",
        "S3_SKIP_SIGNATURE_VALIDATION": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "SQS_ENDPOINT_STRATEGY": "off",  # URLs as Terraform reads them: HOST/ACCOUNT/NAME
        "LOCALSTACK_HOST": setting.address,
        "DNS_ADDRESS": "0",
        "LOCALSTACK_VOLUME_DIR": str(directory / "volume"),
        "FILESYSTEM_ROOT": str(directory / "root"),
        "TMPDIR": str(directory),
        "HOME": str(directory),
    }
    return [Process([*argv, "-m", "localstack.runtime.main"], env)]


def localstack_user(_: Setting) -> dict[str, str]:
    return {"access_key": "test", "secret_key": "test", "region": "us-east-1"}


def rclone(setting: Setting) -> list[Process]:
    data = setting.directory / "data"
    data.mkdir(exist_ok=True)
    argv = [setting.command("rclone"), "serve", "s3", "--addr", setting.address, "--config", ""]
    argv += ["--auth-key", f"{setting.key},{setting.secret}", "--vfs-cache-mode", "off", str(data)]
    return [Process(argv, {"HOME": str(setting.directory)})]


SEAWEEDFS_PORTS = tuple(f"{part}.port{kind}" for part in ("s3", "filer", "volume", "master") for kind in ("", ".grpc"))


def seaweedfs(setting: Setting) -> list[Process]:
    """All of SeaweedFS in one process, without telemetry. Its other ports follow the S3 port."""
    directory = setting.directory
    (directory / "data").mkdir(exist_ok=True)
    user = {"name": "valetkey", "credentials": [{"accessKey": setting.key, "secretKey": setting.secret}]}
    known = setting.write("s3.json", json.dumps({"identities": [user | {"actions": ["Admin"]}]}))
    argv = [setting.command("weed"), f"-logdir={directory}", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    argv += [f"-dir={directory / 'data'}", "-master.telemetry=false", "-volume.max=20000"]
    argv += ["-s3", f"-s3.config={known}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    argv += [f"-s3.localSocket={directory / 's3.sock'}", f"-filer.localSocket={directory / 'filer.sock'}"]
    argv += [f"-{name}={port}" for port, name in enumerate(SEAWEEDFS_PORTS, setting.port)]
    return [Process(argv, {"HOME": str(directory)})]


CADDY = """\
{
    admin off
    auto_https off
}
http://127.0.0.1:%d {
    bind 127.0.0.1
    reverse_proxy %s
}
"""


def caddy(setting: Setting) -> list[Process]:
    config = setting.write("Caddyfile", CADDY % (setting.port, setting.behind["endpoint_url"]))
    home = str(setting.directory)
    argv = [setting.command("caddy"), "run", "--config", config, "--adapter", "caddyfile"]
    return [Process(argv, {"HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home})]


NGINX = """\
daemon off;
pid nginx.pid;
worker_processes 1;
error_log stderr;
events {}
http {
    access_log off;
    client_max_body_size 0;
    client_body_temp_path body;
    proxy_temp_path proxied;
    fastcgi_temp_path unused1;
    uwsgi_temp_path unused2;
    scgi_temp_path unused3;
    server {
        listen 127.0.0.1:%d;
        location / {
            proxy_pass %s;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_request_buffering off;
            proxy_buffering off;
        }
    }
}
"""


def nginx(setting: Setting) -> list[Process]:
    """nginx without a URI in proxy_pass, so that the path is passed on as it was signed."""
    config = setting.write("nginx.conf", NGINX % (setting.port, setting.behind["endpoint_url"]))
    account = ["-g", "user root;"] if os.getuid() == 0 else []
    return [Process([setting.command("nginx"), "-p", str(setting.directory), "-e", "stderr", "-c", config, *account])]


RECIPES = {
    "juicefs": Recipe(lambda setting: juicefs(setting, "--keep-etag", "--object-meta"), format_juicefs),
    "juicefs-no-etag": Recipe(lambda setting: juicefs(setting, "--object-meta"), format_juicefs),
    "juicefs-plain": Recipe(juicefs, format_juicefs),
    "localstack": Recipe(localstack, credentials=localstack_user, ready="/_localstack/health"),
    "rclone": Recipe(rclone),
    "seaweedfs": Recipe(seaweedfs, ready="/healthz"),
    "swift": Recipe(swift, make_rings, swift_user, ready="/info"),
    "caddy": Recipe(caddy, credentials=user_behind),
    "nginx": Recipe(nginx, credentials=user_behind),
}
