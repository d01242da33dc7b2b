"""Clients that OpenAPI Generator makes from our document, with a running service and a real S3: `make clients`.

Those in Kotlin, Python and TypeScript are compiled and used, each by a program of its own that does the same. Those in
Swift and C# are only read here: no compiler of theirs can be had.
"""

import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path
from random import Random

import pytest
from tests.e2e.conftest import Service
from tests.support import processes

from valetkey.api.openapi import document

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build" / "clients"
TOOLS = Path(os.environ.get("VALETKEY_TEST_TOOLS", ROOT / ".venv" / "tools"))
PROGRAMS = Path(__file__).parent / "programs"
GSON = Path("/usr/share/java/gson.jar")
CONTENT = Random(17).randbytes(11 * 1024**2 + 1)
LARGE = 3 * 1024**3 + 1
"""More bytes than 32 bits count."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(CONTENT)
    return path


def ran(*command: object, where: Path, env: dict[str, str] | None = None) -> str:
    """What the command printed. Bounded."""
    done = processes.run([str(one) for one in command], cwd=where, env=os.environ | (env or {}), timeout=900)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def assert_used(printed: str) -> None:
    """The program saw what there is: all three ways to send, a size of 64 bits, unions, problems, and a redirect."""
    seen = json.loads(printed.splitlines()[-1])
    assert seen == {
        "sent": [["POST", 1], ["PUT", 1], ["MULTIPART", 3]],
        "states": ["confirmed"] * 3,
        "sizes": [len(CONTENT)] * 3,
        "nobody": [True],
        "large": LARGE,
        "batch": ["pending", "content_type_not_allowed"],
        "problem": [404, "upload_not_found"],
        "bytes": hashlib.sha256(CONTENT).hexdigest(),
        "claimed": "post:17",
    }


def test_they_are_of_this_document() -> None:
    """Not of an older one: then nothing here says anything about this version."""
    assert json.loads((BUILT / "openapi.json").read_text()) == document(), "run `make clients`"


def test_python(service: Service, file: Path, tmp_path: Path) -> None:
    """With what the package asks for, which the tests have installed."""
    env = {"PYTHONPATH": str(BUILT / "python")}
    key = service.server.create_key("python").key
    program = PROGRAMS / "use.py"
    assert_used(ran(sys.executable, program, service.server.base_url, key, file, where=tmp_path, env=env))


def test_typescript(service: Service, file: Path, tmp_path: Path) -> None:
    """Client and program pass the compiler in its strict mode, and run in Node."""
    shutil.copytree(BUILT / "typescript" / "src", tmp_path / "client")
    shutil.copy(PROGRAMS / "use.ts", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    types = ROOT / "frontend" / "node_modules"
    options = {
        "target": "es2022",
        "module": "nodenext",
        "lib": ["es2022", "dom", "dom.iterable"],
        "strict": True,
        "outDir": "out",
        "types": ["node"],
        "typeRoots": [str(types / "@types")],
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["use.ts"]}))
    ran("node", types / "typescript" / "bin" / "tsc", where=tmp_path)
    key = service.server.create_key("typescript").key
    assert_used(ran("node", "out/use.js", service.server.base_url, key, file, where=tmp_path))


@pytest.mark.timeout(1200)  # the compiler takes a minute on a machine that is busy
def test_kotlin(service: Service, file: Path, tmp_path: Path) -> None:
    """Client and program compile, and run on a JVM with OkHttp and Gson."""
    jars = [*sorted((TOOLS / "okhttp").glob("*.jar")), GSON]
    sources = [BUILT / "kotlin" / "src" / "main" / "kotlin", PROGRAMS / "Use.kt"]
    compiler = ROOT / "infra" / "kotlin" / "kotlin.py"
    classpath = ":".join(map(str, jars))
    ran(
        *(sys.executable, compiler, "compile", TOOLS / "kotlin", tmp_path / "use.jar", *sources),
        *("--classpath", classpath),
        where=tmp_path,
    )
    libraries = ":".join(map(str, sorted((TOOLS / "kotlin" / "lib").glob("*.jar"))))
    key = service.server.create_key("kotlin").key
    java = ["java", "-Xmx256m", "-cp", f"{tmp_path / 'use.jar'}:{libraries}:{classpath}", "UseKt"]
    assert_used(ran(*java, service.server.base_url, key, file, where=tmp_path))


@pytest.mark.parametrize(
    ("language", "file", "said"),
    [
        ("swift", "**/Models/Grant.swift", r"enum Grant\b[\s\S]*case typePostGrant\(PostGrant\)"),
        ("swift", "**/Models/CreateUpload.swift", r"public var size: Int64"),
        ("swift", "**/APIs/UploadsAPI.swift", r"func getUpload\(id: String"),
        ("csharp", "**/Model/Grant.cs", r"public PutGrant\? PutGrant"),
        ("csharp", "**/Model/Upload.cs", r"public long\? Size"),
        ("csharp", "**/Api/UploadsApi.cs", r"CreateUploadAsync\("),
    ],
)
def test_what_is_only_read(language: str, file: str, said: str) -> None:
    """A grant is one of three, sizes have 64 bits, and an id is a text, of which Swift makes no capital letters."""
    [path] = (BUILT / language).glob(f"{'src/' if language == 'csharp' else ''}{file}")
    assert re.search(said, path.read_text(encoding="utf-8"))
