"""Responses to `valetkey put` that good services and stores rarely send, from a server that plays both."""

import json
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from tests.support.playing import Reply, playing
from tests.support.servers import ValetkeyServer

from valetkey.cli import main
from valetkey.client.outcome import FileOutcome, exit_code
from valetkey.client.put import ELSEWHERE
from valetkey.commands.put import put as put_command

UPLOAD = {"id": "u1", "state": "confirmed", "reason": None}
PENDING = UPLOAD | {"state": "pending"}
OK: Reply = (200, {}, b"")
EXPIRED: Reply = (403, {}, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
BUSY: Reply = (503, {"Retry-After": "1"}, b"<Error><Code>SlowDown</Code></Error>")
TAKEN_BACK: Reply = (200, {}, b'<?xml version="1.0"?><Error><Code>InternalError</Code></Error>')
GONE: Reply = (404, {}, b"<Error><Code>NoSuchUpload</Code></Error>")
CONFIRMED: Reply = (200, {}, UPLOAD)


def problem(status: int, code: str, **headers: str) -> Reply:
    return status, headers, {"code": code, "detail": f"It is {code}.", "status": status}


@dataclass
class Play:
    """`script` says what each call answers, one after the other; the last answer is repeated."""

    script: dict[str, list[Reply]]
    address: str = ""
    calls: list[str] = field(default_factory=list)
    bodies: dict[str, list[bytes]] = field(default_factory=dict)
    keys: list[str | None] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, call: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        with self.lock:
            if call == "POST /v1/uploads":
                self.keys.append(headers.get("Idempotency-Key"))
            self.calls.append(call)
            self.bodies.setdefault(call, []).append(body)
            said = self.script.get(call) or [self._usual(call, body)]
            return said.pop(0) if len(said) > 1 else said[0]

    def _usual(self, call: str, body: bytes) -> Reply:
        """What a service would say to this."""
        usual: dict[str, Reply] = {
            "POST /v1/uploads/u1/complete": CONFIRMED,
            "GET /v1/uploads/u1": (200, {}, PENDING),
            "GET /v1/uploads/u1/parts": (200, {}, {"parts": []}),
            "DELETE /v1/uploads/u1": (204, {}, b""),
        }
        if call == "POST /v1/uploads/u1/parts":
            return 200, {}, {"parts": [self.part(number) for number in json.loads(body)["numbers"]]}
        return usual.get(call, OK)

    def part(self, number: int) -> dict[str, Any]:
        url = f"{self.address}/s3/{number}"
        return {"number": number, "size": 1, "url": url, "headers": {}, "expires_at": "2999-01-01T00:00:00Z"}

    def granted(self, method: str) -> Reply:
        grant: dict[str, Any] = {"method": method, "url": f"{self.address}/s3", "expires_at": "2999-01-01T00:00:00Z"}
        if method == "POST":
            grant |= {"fields": {"key": "k", "policy": "p"}, "file_field": "file"}
        elif method == "PUT":
            grant |= {"headers": {"If-None-Match": "*"}}
        else:
            grant |= {"part_size": 1, "part_count": 3, "parts": [self.part(1)]}
        return 201, {}, {"upload": PENDING, "grant": grant, "ticket": "vt_u1"}


@pytest.fixture
def play() -> Iterator[Play]:
    """A server on loopback, with an empty script."""
    play = Play({})
    with playing(play.answer) as play.address:
        yield play


def put(play: Play, tmp_path: Path, *args: str) -> tuple[int, dict[str, Any]]:
    """Send `abc`; the exit code and the row."""
    path = tmp_path / "file.bin"
    if not path.exists():
        path.write_bytes(b"abc")
    done = CliRunner().invoke(
        main,
        ["put", str(path), "--json", "--endpoint", play.address, "--state-home", str(tmp_path), "-c", "1", *args],
    )
    return done.exit_code, json.loads(done.stdout)


def test_where_the_service_may_be_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing answers at the default address, the options that name another are named; else they were used."""
    monkeypatch.delenv("VALETKEY_ENDPOINT", raising=False)
    path = tmp_path / "file.bin"
    path.write_bytes(b"abc")
    with socket.create_server(("127.0.0.1", 0)) as unused:
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
    [endpoint] = [one for one in put_command.params if one.name == "endpoint"]
    command = ["put", str(path), "--json", "--no-resume", "--retry-for", "0"]
    by_variable = {"VALETKEY_ENDPOINT": nobody}
    for args, env, is_named in (
        ([], {}, True),
        (["--endpoint", nobody], {}, False),
        ([], by_variable, False),
    ):
        with patch.object(endpoint, "default", nobody):
            done = CliRunner().invoke(main, [*command, *args], env=env)
        error = json.loads(done.stdout)["error"]
        assert (done.exit_code, error["code"]) == (5, "unreachable")
        assert (ELSEWHERE in error["detail"]) is is_named


def test_where_profiles_are_defined(play: Play, tmp_path: Path) -> None:
    """For one that is not there."""
    play.script = {"POST /v1/uploads": [problem(422, "unknown_profile")]}
    code, row = put(play, tmp_path, "--profile", "nothing")
    assert (code, row["error"]["code"]) == (4, "unknown_profile")
    assert "valetkey.toml" in row["error"]["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "MULTIPART"])
@pytest.mark.parametrize(
    "trouble", [BUSY, EXPIRED, TAKEN_BACK, problem(429, "slow_down"), (400, {}, b"<Code>RequestTimeout</Code>")]
)
def test_trouble_at_the_store_that_passes(play: Play, tmp_path: Path, method: str, trouble: Reply) -> None:
    """It is sent again, by a fresh grant where the signature was not taken; the rest is not."""
    target = {"POST": "POST /s3", "PUT": "PUT /s3", "MULTIPART": "PUT /s3/2"}[method]
    play.script = {"POST /v1/uploads": [play.granted(method)], target: [trouble, OK]}
    play.script["POST /v1/uploads/u1/grant"] = [play.granted(method)]
    code, row = put(play, tmp_path)
    assert (code, row["outcome"]) == (0, "confirmed"), row
    assert play.calls.count(target) == 2
    assert play.calls.count("POST /v1/uploads/u1/grant") == (trouble is EXPIRED and method != "MULTIPART")
    assert play.calls.count("PUT /s3/1") == (method == "MULTIPART")
    if method == "POST":
        assert b'name="file"; filename="file"' in play.bodies[target][-1]
        assert b"\r\n\r\nabc\r\n--" in play.bodies[target][-1]


def test_it_waits_as_long_as_it_is_asked_to(play: Play, tmp_path: Path) -> None:
    """Retry-After is kept, at the store and at the service."""
    play.script = {"POST /v1/uploads": [problem(503, "busy", **{"Retry-After": "1"}), play.granted("PUT")]}
    play.script["PUT /s3"] = [BUSY, OK]
    began = time.monotonic()
    code, _ = put(play, tmp_path)
    assert code == 0
    assert time.monotonic() - began >= 2


def test_one_create_however_often_it_is_asked(play: Play, tmp_path: Path) -> None:
    """A create that is repeated names the same Idempotency-Key, so it makes one upload."""
    play.script = {"POST /v1/uploads": [problem(500, "internal_error"), play.granted("PUT")]}
    assert put(play, tmp_path)[0] == 0
    first, second = play.keys
    assert first
    assert first == second


def test_sent_before(play: Play, tmp_path: Path) -> None:
    """412 on a PUT says that the bytes are there: what remains is to complete."""
    play.script = {"POST /v1/uploads": [play.granted("PUT")], "PUT /s3": [(412, {}, b"")]}
    code, row = put(play, tmp_path)
    assert (code, row["outcome"]) == (0, "confirmed")
    assert play.calls[-1] == "POST /v1/uploads/u1/complete"


@pytest.mark.parametrize("sign", [GONE, problem(409, "parts_missing")])
def test_parts_that_were_lost(play: Play, tmp_path: Path, sign: Reply) -> None:
    """The store has forgotten parts, or the multipart upload: what it lists is there, the rest is sent again."""
    play.script = {"POST /v1/uploads": [play.granted("MULTIPART")]}
    play.script["POST /v1/uploads/u1/grant"] = [play.granted("MULTIPART")]
    play.script["GET /v1/uploads/u1/parts"] = [(200, {}, {"parts": [{"number": 1, "size": 1, "etag": "e"}]})]
    if sign is GONE:
        play.script["PUT /s3/3"] = [GONE, OK]
    else:
        play.script["POST /v1/uploads/u1/complete"] = [sign, CONFIRMED]
    code, row = put(play, tmp_path)
    assert (code, row["outcome"]) == (0, "confirmed"), row
    assert [play.calls.count(f"PUT /s3/{number}") for number in (1, 2, 3)] == [1, 2, 2]


def test_parts_with_checksums(play: Play, tmp_path: Path) -> None:
    """Where the grant asks for them, each part is signed with its own SHA-256, and sent with the headers given."""
    status, headers, granted = play.granted("MULTIPART")
    assert isinstance(granted, dict)
    granted["grant"] |= {"part_checksum": "sha256", "parts": []}
    play.script = {"POST /v1/uploads": [(status, headers, granted)]}
    assert put(play, tmp_path)[0] == 0
    asked = [json.loads(body) for body in play.bodies["POST /v1/uploads/u1/parts"]]
    sums = {str(number): b64encode(sha256(b"abc"[number - 1 : number]).digest()).decode() for number in (1, 2, 3)}
    assert sorted(asked, key=str) == [{"numbers": [int(name)], "checksums": {name: sums[name]}} for name in sums]


@pytest.mark.parametrize(
    ("call", "said", "end"),
    [
        ("PUT /s3", EXPIRED, (4, "store_403")),
        ("PUT /s3", (400, {}, b"<Code>EntityTooLarge</Code><Message>too large</Message>"), (4, "store_400")),
        ("PUT /s3", BUSY, (5, "unreachable")),
        ("POST /v1/uploads", problem(503, "ledger_unavailable"), (5, "unreachable")),
        ("POST /v1/uploads", problem(403, "ticket_used_up"), (4, "ticket_used_up")),
        ("POST /v1/uploads", (200, {}, b"<html>a login page</html>"), (4, "http_200")),
        ("POST /v1/uploads", (404, {}, b"<html>not here</html>"), (4, "http_404")),
        ("POST /v1/uploads", (200, {}, {"status": "up"}), (4, "http_200")),
        ("POST /v1/uploads", (400, {}, {"message": "no"}), (4, "http_400")),
        ("POST /v1/uploads/u1/complete", (202, {"Retry-After": "1"}, PENDING), (7, "unconfirmed")),
        (
            "POST /v1/uploads/u1/complete",
            (200, {}, UPLOAD | {"state": "rejected", "reason": {"code": "infected", "detail": "A virus."}}),
            (3, "infected"),
        ),
        ("POST /v1/uploads/u1/complete", problem(409, "state_conflict"), (4, "state_conflict")),
    ],
)
def test_ends_that_are_not_confirmed(play: Play, tmp_path: Path, call: str, said: Reply, end: tuple[int, str]) -> None:
    """Each has its exit code and the code of its problem."""
    play.script = {"POST /v1/uploads": [play.granted("PUT")], "POST /v1/uploads/u1/grant": [play.granted("PUT")]}
    play.script[call] = [said]
    found, row = put(play, tmp_path, "--retry-for", "0", "--wait", "1")
    assert (found, row["error"]["code"]) == end, row
    assert row["error"]["detail"]


def test_an_interrupted_upload_whose_bytes_have_arrived(play: Play, tmp_path: Path) -> None:
    """After a kill between the PUT and the completion nothing is sent again."""
    play.script = {"POST /v1/uploads": [play.granted("PUT")]}
    play.script["POST /v1/uploads/u1/complete"] = [(202, {"Retry-After": "1"}, PENDING)]
    assert put(play, tmp_path, "--wait", "0")[0] == 7
    play.script["POST /v1/uploads/u1/complete"] = [CONFIRMED]
    code, row = put(play, tmp_path)
    assert (code, row["resumed"], row["sent_bytes"]) == (0, True, 0)
    assert (play.calls.count("PUT /s3"), play.calls.count("POST /v1/uploads")) == (1, 1)


@pytest.mark.parametrize("kept", [b"", b"[1]", b'{"upload_id": 1, "ticket": "t", "method": "PUT"}', b'{"other": 1}'])
def test_a_record_that_cannot_be_read(play: Play, tmp_path: Path, kept: bytes) -> None:
    """It is as if there were none."""
    play.script = {"POST /v1/uploads": [play.granted("PUT")]}
    play.script["POST /v1/uploads/u1/complete"] = [(202, {"Retry-After": "1"}, PENDING)]
    put(play, tmp_path, "--wait", "0")
    [state] = (tmp_path / "valetkey" / "uploads").iterdir()
    state.write_bytes(kept)
    play.script["POST /v1/uploads/u1/complete"] = [CONFIRMED]
    code, row = put(play, tmp_path)
    assert (code, row["resumed"]) == (0, False)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 0),
        ([FileOutcome.CONFIRMED], 0),
        ([FileOutcome.CONFIRMED, FileOutcome.UNREACHABLE], 5),
        ([FileOutcome.FILE_ERROR, FileOutcome.REFUSED, FileOutcome.CONFIRMED], 4),
        ([FileOutcome.REJECTED, FileOutcome.INTERRUPTED], 130),
    ],
)
def test_one_code_for_many_files(outcomes: list[FileOutcome], code: int) -> None:
    """The lowest that is not 0, and 130 before all."""
    assert exit_code(outcomes) == code


def test_dev_needs_no_token(valetkey_server: Callable[..., ValetkeyServer], tmp_path: Path) -> None:
    """A form and parts, to the embedded S3, from an address of its own."""
    (tmp_path / "valetkey.toml").write_text("[profiles.default]\nmultipart_from = 1000\npart_size = 5242880\n")
    server = valetkey_server(command="dev", env={"VALETKEY_CONFIG": str(tmp_path / "valetkey.toml")})
    files = []
    for name, size in [("small.txt", 3), ("big.bin", 12 * 1024**2)]:
        (tmp_path / name).write_bytes(b"x" * size)
        files.append(str(tmp_path / name))
    options = ["--json", "--endpoint", f"{server.base_url}/", "--state-home", str(tmp_path / "state")]
    done = CliRunner().invoke(main, ["put", *files, *options], env={"VALETKEY_TOKEN": ""})
    assert done.exit_code == 0, done.output
    uploads = {row["upload"]["filename"]: row["upload"] for row in map(json.loads, done.stdout.splitlines())}
    assert {name: upload["object"]["size"] for name, upload in uploads.items()} == {"small.txt": 3, "big.bin": 12582912}
    assert uploads["big.bin"]["object"]["etag"].endswith("-3")


def test_a_service_that_has_moved(play: Play, tmp_path: Path) -> None:
    """It says where to; the credential is not sent there."""
    play.script = {"POST /v1/uploads": [(308, {"Location": "https://uploads.example/v1/uploads"}, b"")]}
    code, row = put(play, tmp_path)
    assert code == 4
    assert "it redirects to https://uploads.example/v1/uploads" in row["error"]["detail"]
