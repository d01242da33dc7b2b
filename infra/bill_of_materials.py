"""Writes the bills of materials of the packages in dist/ as CycloneDX: one for the wheel, one for the npm packages.

That of the wheel has its dependencies in the versions of constraints.txt, that of the npm packages what is bundled into
them, according to their source maps. `make dist` runs it; the first argument is the environment with cyclonedx-py.
"""

# ruff: noqa: S603 -- it runs pip, npm and cyclonedx-py

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
FRONTEND = ROOT / "frontend"
BUNDLED = re.compile(r"node_modules/((?:@[^/]+/)?[^/]+)/")


def run(*command: str | Path, where: Path = ROOT) -> str:
    return subprocess.run(command, cwd=where, check=True, stdout=subprocess.PIPE, text=True).stdout


def of_wheel(version: str, tools: Path) -> None:
    wheel, file = DIST / f"valetkey-{version}-py3-none-any.whl", DIST / f"valetkey-{version}.cdx.json"
    with tempfile.TemporaryDirectory() as directory:
        python = Path(directory, "bin", "python")
        run(sys.executable, "-m", "venv", "--without-pip", directory)
        pip: list[str | Path] = [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--quiet",
            "--python",
            python,
        ]
        run(*pip, "install", "--constraint", "constraints.txt", wheel)
        form: list[str | Path] = [
            "--output-reproducible",
            "--validate",
            "--output-format",
            "JSON",
            "--output-file",
            file,
        ]
        run(tools / "bin" / "cyclonedx-py", "environment", "--pyproject", "pyproject.toml", *form, python)


def of_npm_packages(version: str) -> None:
    packages = ["client", "element", "react-native"]
    workspaces = [f"--workspace={name}" for name in packages]
    form = ["--sbom-format", "cyclonedx", "--sbom-type", "library"]
    bill = json.loads(run("npm", "sbom", *workspaces, *form, where=FRONTEND))
    maps = [file for name in packages for file in (FRONTEND / name / "dist").glob("*.map")]
    inside = {f"@valetkey/{name}" for name in packages} | {name for file in maps for name in bundled(file)}
    bill["components"] = [one for one in bill["components"] if npm_name(one) in inside]
    kept = {one["bom-ref"] for one in [bill["metadata"]["component"], *bill["components"]]}
    bill["dependencies"] = [
        {"ref": one["ref"], "dependsOn": [ref for ref in one["dependsOn"] if ref in kept]}
        for one in bill["dependencies"]
        if one["ref"] in kept
    ]
    if missing := inside - {npm_name(one) for one in bill["components"]}:
        raise SystemExit(f"npm does not know what is in the bundles: {', '.join(sorted(missing))}")
    (DIST / f"valetkey-frontend-{version}.cdx.json").write_text(json.dumps(bill, indent=2) + "\n")


def bundled(source_map: Path) -> set[str]:
    """The packages whose files are in a bundle, from its source map."""
    sources = json.loads(source_map.read_text())["sources"]
    return {found[1] for source in sources if (found := BUNDLED.search(source))}


def npm_name(component: dict[str, Any]) -> str:
    """The name of a component with its scope, which the field `name` of CycloneDX lacks."""
    name: str = component["bom-ref"].rpartition("@")[0]
    return name


def main() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    of_wheel(version, Path(sys.argv[1]).resolve())
    of_npm_packages(version)


if __name__ == "__main__":
    main()
