"""The contents of the wheel: they must not depend on earlier builds."""

import json
import os
import shutil
import sys
import zipfile
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from tests.support import processes

ROOT = Path(__file__).parents[2]
NEEDED = ["pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", ".gitignore", "infra/pages.py"]
STATIC = Path("service/valetkey/api/static")
SITE = Path("service/valetkey/api/site")
ASSETS = Path("service/valetkey/api/assets")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a build reads, in which nothing was built."""
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    built = shutil.ignore_patterns("assets", "static", "site", "__pycache__")
    shutil.copytree(ROOT / "service", tmp_path / "service", ignore=built)
    return tmp_path


def build(checkout: Path, *targets: str, **env: str) -> CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", *targets]
    # the commands around a test need a PATH, the build does not
    within = ["env", *(f"{name}={value}" for name, value in env.items()), *command]
    return processes.run(within, cwd=checkout, timeout=170)


def build_pages(checkout: Path) -> None:
    """What `make frontend` leaves behind, as far as a build can tell."""
    (checkout / STATIC).mkdir()
    for name in ("demo.js", "demo.css", "valet-upload.js", "chunk-ABC.js"):
        (checkout / STATIC / name).write_text("built")
    (checkout / ASSETS).mkdir()
    manifest = {"files": {"valetkey-element-ABC.js": "sha384-x"}, "stable": ["valetkey-element.js"]}
    (checkout / ASSETS / "manifest.json").write_text(json.dumps(manifest))
    for name in (*manifest["files"], *manifest["stable"]):
        (checkout / ASSETS / name).write_text("built")


def build_site(checkout: Path) -> None:
    """What `make docs` leaves behind, as far as a build can tell."""
    (checkout / SITE / "assets" / "stylesheets").mkdir(parents=True)
    for name in ("index.html", "flask.html", "flask.md", "llms.txt", "assets/stylesheets/main.css"):
        (checkout / SITE / name).write_text("built")


def test_without_the_built_pages_there_is_no_wheel(checkout: Path) -> None:
    """It says all that is missing, the command, and what that needs, rather than shipping an empty page; Node is not
    even looked for."""
    done = build(checkout, "-t", "wheel", PATH="/nowhere")
    assert done.returncode == 1
    missing = "demo.js, demo.css, valet-upload.js, manifest.json, index.html, llms.txt"
    assert f"Not built yet: {missing}." in done.stderr
    assert "`make frontend docs`" in done.stderr
    assert "Node 20.19" in done.stderr
    assert "pip install -e ." in done.stderr
    assert "Traceback" not in done.stderr


def test_pip_shows_what_is_not_built(checkout: Path, tmp_path: Path) -> None:
    """Who installs a fresh clone without Node reads the same from pip."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--no-build-isolation"]
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    done = processes.run([*pip, "--target", tmp_path / "there", checkout], cwd=checkout, env=env, timeout=170)
    assert done.returncode != 0
    assert "Not built yet: demo.js" in done.stdout + done.stderr
    assert "Node 20.19" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_without_one_of_the_modules_there_is_no_wheel(checkout: Path) -> None:
    """Each that the manifest names has to be there: pages would be told of it, and not find it."""
    build_pages(checkout)
    build_site(checkout)
    (checkout / ASSETS / "valetkey-element-ABC.js").unlink()
    done = build(checkout, "-t", "wheel")
    assert done.returncode != 0
    assert "Not built yet: valetkey-element-ABC.js." in done.stderr


def test_without_the_documentation_there_is_no_wheel(checkout: Path) -> None:
    """It says so, and names the command."""
    build_pages(checkout)
    done = build(checkout, "-t", "wheel")
    assert done.returncode != 0
    assert "Not built yet: index.html, llms.txt." in done.stderr


def test_the_wheel_contains_the_built_pages(checkout: Path) -> None:
    """Directly, and by way of the sdist, as `python -m build` does it."""
    build_pages(checkout)
    build_site(checkout)
    done = build(checkout, "-t", "sdist", "-t", "wheel")
    assert done.returncode == 0, done.stderr
    (sdist,) = (checkout / "dist").glob("*.tar.gz")
    shutil.unpack_archive(sdist, checkout / "unpacked")
    (unpacked,) = (checkout / "unpacked").iterdir()
    again = build(unpacked, "-t", "wheel")
    assert again.returncode == 0, again.stderr
    for folder in (checkout, unpacked):
        (wheel,) = (folder / "dist").glob("*.whl")
        names = zipfile.ZipFile(wheel).namelist()
        assert {f"valetkey/api/static/{name}" for name in ("demo.js", "chunk-ABC.js", "valet-upload.js")} <= set(names)
        modules = ("manifest.json", "valetkey-element-ABC.js", "valetkey-element.js")
        assert {f"valetkey/api/assets/{name}" for name in modules} <= set(names)
        site = ("index.html", "flask.md", "llms.txt", "assets/stylesheets/main.css")
        assert {f"valetkey/api/site/{name}" for name in site} <= set(names)
        assert "valetkey/api/templates/valetkey/demo.html" in names
        assert {f"valetkey/commands/templates/{name}" for name in ("dotenv", "profiles.toml")} <= set(names)


def test_the_sdist_has_what_the_wheel_is_built_of(checkout: Path) -> None:
    """And no folder or file of that name that stands elsewhere in a clone."""
    build_pages(checkout)
    build_site(checkout)
    for name in ("frontend/client/src/service/calls.ts", "frontend/client/README.md", "frontend/client/LICENSE"):
        (checkout / name).parent.mkdir(exist_ok=True, parents=True)
        (checkout / name).write_text("of others")
    done = build(checkout, "-t", "sdist")
    assert done.returncode == 0, done.stderr
    (sdist,) = (checkout / "dist").glob("*.tar.gz")
    shutil.unpack_archive(sdist, checkout / "unpacked")
    (unpacked,) = (checkout / "unpacked").iterdir()
    beside = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert {name for name in beside if not name.startswith("service/")} == {*NEEDED, "PKG-INFO"}
