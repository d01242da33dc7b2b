"""Automation of commits, pushes and releases: the files are valid, and run the same checks as `make`."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.packages.pythons import PYTHONS

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = frozenset(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RUN = re.findall(r"^make ([a-z-]+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
"""What has to pass before a change is in."""


def read(file: Path) -> dict[Any, Any]:
    """`on` of a workflow is read as true by YAML 1.1."""
    found: dict[Any, Any] = yaml.safe_load(file.read_text())
    return found


def recipe(target: str) -> list[str]:
    """The commands of a target."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found, target
    return [line.strip().lstrip("@") for line in found[1].splitlines()]


def steps(workflow: dict[Any, Any]) -> Iterator[str]:
    """The commands of all its jobs, once for each value of a matrix."""
    for job in workflow["jobs"].values():
        values = job.get("strategy", {}).get("matrix", {}).get("target", [""])
        for step in job["steps"]:
            assert {"run", "uses"} & step.keys()
            for value in values if "run" in step else ():
                yield step["run"].replace("${{ matrix.target }}", value)


def test_a_commit_is_checked_as_make_check_does() -> None:
    """By its commands, which belong to the virtual environment of the clone; none gets tools from elsewhere."""
    [repository] = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    check = [line.replace("$(BIN)", ".venv/bin").removesuffix(" $(CODE)") for line in recipe("check")]
    entries = [hook["entry"] for hook in repository["hooks"]]
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    assert [entry for entry in entries if entry not in check] == ["make check"]
    assert "make check" in entries


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: str(file.name))
def test_a_workflow_makes_what_the_makefile_has(file: Path) -> None:
    """Each of its commands for make has a target; a job is bounded in time and may do no more than it has to."""
    workflow = read(file)
    made = [word for step in steps(workflow) for word in re.findall(r"^make (\S+)$", step, re.MULTILINE)]
    assert made
    assert set(made) <= TARGETS
    assert all(job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())
    assert set(workflow["permissions"]) == {"contents"}


def test_each_target_with_tests_of_its_own_runs_on_a_push() -> None:
    """`make test` runs none of them. CONTRIBUTING names them all."""
    recipes = re.findall(r"^([a-z0-9-]+):.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    own = {target for target, lines in recipes if re.search(r"\),tests/\w+\)$", lines)} - {"chaos"}
    assert {"infra", "images", "packages", "clients", "kotlin", "swift"} <= own
    artifacts = read(ROOT / ".github" / "workflows" / "artifacts.yml")
    assert own == {step.removeprefix("make ") for step in steps(artifacts) if step.startswith("make ")}
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert all(re.search(rf"^make {target}\b", contributing, re.MULTILINE) for target in own)


def test_the_wheel_has_all_its_pythons_in_a_container() -> None:
    """One is Debian's own, the rest come by uv: actions/setup-python has none for Debian, and fails there."""
    files = [read(file) for file in WORKFLOWS]
    used = [step.get("uses", "") for each in files for job in each["jobs"].values() for step in job["steps"]]
    assert not [name for name in used if name.startswith("actions/setup-python")]
    artifacts = read(ROOT / ".github" / "workflows" / "artifacts.yml")
    assert artifacts["jobs"]["make"]["container"]["image"] == "debian:bookworm"  # its python3 is 3.11
    [installed] = {
        found[1] for step in steps(artifacts) if (found := re.search(r"uv python install (.+)$", step, re.MULTILINE))
    }
    assert {"3.11", *installed.split()} == set(PYTHONS)


@pytest.mark.parametrize(("name", "place"), [("artifacts", "/tmp"), ("release", "/var/lib/containers")])
def test_images_are_kept_on_a_volume(name: str, place: str) -> None:
    """A job is in a container, whose files are an overlay: buildah refuses to lay another one over that."""
    for job in read(ROOT / ".github" / "workflows" / f"{name}.yml")["jobs"].values():
        assert place in job["container"]["volumes"]


def test_a_push_is_tested_as_on_a_developers_machine() -> None:
    """The same targets, in no more and no less than one job each."""
    made = [step for step in steps(read(ROOT / ".github" / "workflows" / "ci.yml")) if step.startswith("make ")]
    assert sorted(made) == sorted(f"make {target}" for target in RUN)


@pytest.mark.parametrize(("tag", "status"), [("v{}", 0), ("v{}.1", 1), ("v9.9.9", 1), ("v", 1)])
def test_a_release_has_the_version_of_its_tag(tag: str, status: int) -> None:
    """The step that says so, as it stands there, on this very version."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    [step] = [
        step for step in steps(read(ROOT / ".github" / "workflows" / "release.yml")) if "GITHUB_REF_NAME#" in step
    ]
    env = {"GITHUB_REF_NAME": tag.format(version), "PATH": "/usr/bin:/bin"}
    assert subprocess.run(["bash", "-c", step], cwd=ROOT, env=env, check=False, timeout=120).returncode == status


def test_a_release_is_checked_before_it_is_made() -> None:
    """And what is attached to it is what `make image` builds, `make dist` included."""
    done = [*steps(read(ROOT / ".github" / "workflows" / "release.yml"))]
    assert done.index("make check") < done.index("make image") < len(done) - 1
    assert done[-1].startswith("gh release create ")
    assert done[-1].endswith(" dist/*")


def test_a_report_of_a_fault_has_its_version_and_its_log() -> None:
    """Without these two nobody can say much."""
    form = read(ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml")
    required = [part["attributes"]["label"] for part in form["body"] if part.get("validations", {}).get("required")]
    assert any("valetkey --version" in label for label in required)
    assert any("log" in label for label in required)
