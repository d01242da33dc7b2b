"""OpenStack Swift with its S3 API: one server of each kind, one folder, one replica."""

from pathlib import Path

from setting import Process, Setting

COMMON = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = root
swift_dir = {directory}
devices = {directory}/devices
mount_check = false
log_address = {directory}/no-syslog
"""

SERVER = (
    COMMON
    + """
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
)

PROXY = (
    COMMON
    + """
[pipeline:main]
pipeline = catch_errors cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
# by default who was late ten times, half a second each, is left alone for a minute; here there is only one
error_suppression_limit = 1000000
conn_timeout = 10
node_timeout = 60
[filter:tempauth]
use = egg:swift#tempauth
user_test_{key} = {secret} .admin
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{port}1
""".replace("{port}1", "1")
    + "".join(
        f"[filter:{name}]\nuse = egg:swift#{name}\n"
        for name in ("catch_errors", "listing_formats", "bulk", "copy", "slo", "dlo", "versioned_writes", "symlink")
    )
)

HASH = """\
[swift-hash]
swift_hash_path_suffix = tests
[storage-policy:0]
name = one
default = yes
"""

KINDS = ("account", "container", "object")


def ports(setting: Setting) -> dict[str, int]:
    """The ports of the servers behind the proxy."""
    return {kind: setting.port + number for number, kind in enumerate(KINDS, 1)}


def make_rings(setting: Setting) -> list[Process]:
    (setting.directory / "devices" / "d1").mkdir(parents=True)
    setting.write("swift.conf", HASH)
    builder, steps = setting.command("swift-ring-builder"), []
    for kind, port in ports(setting).items():
        ring = str(setting.directory / f"{kind}.builder")
        device = f"r1z1-127.0.0.1:{port}/d1"
        steps += [
            [builder, ring, "create", "1", "1", "0"],
            [builder, ring, "add", device, "1"],
            [builder, ring, "rebalance"],
        ]
    return [Process(step) for step in steps]


def swift(setting: Setting) -> list[Process]:
    """Swift with tempauth: the account is `test`, the S3 access key `test:` followed by the user's name."""
    directory = setting.directory
    argv = []
    for kind, port in ports(setting).items():
        config = setting.write(f"{kind}.conf", SERVER.format(port=port, directory=directory, kind=kind))
        argv.append([setting.command(f"swift-{kind}-server"), config, "--verbose"])
    texts = PROXY.format(port=setting.port, directory=directory, key=setting.key, secret=setting.secret)
    argv.append([setting.command("swift-proxy-server"), setting.write("proxy.conf", texts), "--verbose"])
    home = {"HOME": str(Path(directory))}
    return [Process(one, home) for one in argv]


def swift_user(setting: Setting) -> dict[str, str]:
    return {"access_key": f"test:{setting.key}", "secret_key": setting.secret, "region": "us-east-1"}
