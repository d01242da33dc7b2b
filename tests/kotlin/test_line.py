"""Uploads over the slow line of `make bench-line` while their application is killed repeatedly: none is lost.

`--kotlin-uploads 200` is the long form. A failed run says which seed makes the same choices again, as
`VALETKEY_TEST_SEED`.
"""

import hashlib
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from tests.bench.line import DISTANT
from tests.e2e.api import Api
from tests.kotlin.conftest import MIB, PROFILES
from tests.kotlin.driver import Application
from tests.support.lines import line_to
from tests.support.servers import running_valetkey, running_worker
from tests.support.stores import Bucket, Rgw

KIB = 1024
SIZES = ((0.7, 10 * KIB, 300 * KIB), (0.2, 1 * MIB, 4 * MIB), (0.1, 9 * MIB, 12 * MIB))
"""Shares of the files, and between which sizes they are: most of them small, some of them in parts."""

AT_ONCE = 8
KILLED_AFTER = (0.0, 1.5)
"""Seconds from the first progress to the kill: the larger files take longer, and need several runs."""

WITHIN = 1500.0
"""Seconds for the whole."""


def files(folder: Path, count: int, chance: random.Random) -> dict[str, str]:
    """So many files with random bytes: their SHA-256 by name. There is one of each kind at least."""
    folder.mkdir()
    digests = {}
    shares = [share for share, _, _ in SIZES]
    for number in range(count):
        _, least, most = SIZES[number] if number < len(SIZES) else chance.choices(SIZES, shares)[0]
        content = chance.randbytes(chance.randint(least, most))
        (folder / f"{number:04}.bin").write_bytes(content)
        digests[f"{number:04}.bin"] = hashlib.sha256(content).hexdigest()
    return digests


def all_uploads(api: Api) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        page = api.http.get("/v1/uploads", params={"limit": 200} | ({"cursor": cursor} if cursor else {})).json()
        yield from page["uploads"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def kill_until_done(application: Application, chance: random.Random, most: int, seen: Counter[str]) -> None:
    """Runs the application and kills it soon after it began to send, again and again, until it gets to its end."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        with application.started(at_once=AT_ONCE, parallel=3) as running:
            killer = Timer(chance.uniform(*KILLED_AFTER), running.process.kill)
            for event in running:
                seen[event[0]] += 1
                if event[0] == "progress" and not killer.ident and seen["kills"] < most:
                    killer.start()
            killer.cancel()
            if running.process.wait() != 0:
                seen["kills"] += 1
            elif not [one for one in running.events if one[0] in {"failed", "sent"}]:
                return
    raise AssertionError(f"not through after {WITHIN:g} s: {dict(seen)}")


@pytest.mark.timeout(1700)
def test_none_is_lost(rgw: Rgw, rgw_bucket: Bucket, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each is confirmed with the right bytes, once: no creation was made twice, no file is left."""
    count = request.config.getoption("--kotlin-uploads")
    seed = os.environ.get("VALETKEY_TEST_SEED") or os.urandom(4).hex()
    print(f"VALETKEY_TEST_SEED={seed}")
    chance = random.Random(seed)
    digests = files(tmp_path / "files", count, chance)
    (tmp_path / "valetkey.toml").write_text(PROFILES)
    began = time.monotonic()
    seen: Counter[str] = Counter()
    with line_to(rgw.endpoint_url, DISTANT) as url:
        env = {
            "VALETKEY_CONFIG": str(tmp_path / "valetkey.toml"),
            "VALETKEY_S3_PUBLIC_ENDPOINT_URL": url,
            "VALETKEY_SWEEP_FIRST_LOOK": "2",
        }
        with running_valetkey(tmp_path, rgw_bucket, env=env) as server, running_worker(server):
            api = Api(server.base_url, server.create_key("tests").key)
            (tmp_path / "token").write_text(str(api.token))
            application = Application(server.base_url, tmp_path / "token", tmp_path / "records")
            with application.started(sorted((tmp_path / "files").iterdir()), only_add="true") as adding:
                assert len(list(adding)) == count
            kill_until_done(application, chance, most=count, seen=seen)
            uploads = list(all_uploads(api))
            found = {}
            for upload in uploads:
                assert upload["state"] == "confirmed", upload
                stored = rgw_bucket.client.get_object(Bucket=rgw_bucket.name, Key=upload["object"]["key"])
                found[upload["filename"]] = hashlib.sha256(stored["Body"].read()).hexdigest()
            said_by = Counter(upload["confirmed_by"] for upload in uploads)
    assert found == digests
    assert len(uploads) == count
    assert seen["kills"] >= count // 20
    lost = count - len(found)
    took = time.monotonic() - began
    print(f"{count} uploads, {seen['kills']} kills, {took:.0f} s: {lost} lost; confirmed by {dict(said_by)}")
