"""The manifests of infra/kubernetes, rendered by kubectl and Helm, and checked against Kubernetes' own schemas."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support import processes

from valetkey.settings import Settings

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "infra" / "kubernetes"
TOOLS = ROOT / ".kubernetes"
VALIDATE = Path(sys.executable).with_name("kubernetes-validate")
OLDEST, NEWEST = "1.30", "1.37"

Object = dict[str, Any]

VALUES: Mapping[str, Sequence[str]] = {
    "as it is": (),
    "all by hand": ("--set=ingress.enabled=false", "--set=networkPolicy.enabled=false"),
    "a role and a registry": (
        "--set-string=serviceAccount.annotations.eks\\.amazonaws\\.com/role-arn=arn:aws:iam::123456789012:role/x",
        "--set-string=image.pullSecrets[0].name=registry",
        "--set-string=migrateSecretName=owner",
        "--set-string=image.tag=0.2.0",
    ),
}

pytestmark = pytest.mark.needs("node")


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    done = processes.run([sys.executable, KUBERNETES / "tools.py", TOOLS], timeout=150)
    assert done.returncode == 0, done.stderr


def run(*command: str | Path, fails: bool = False) -> str:
    done = processes.run(command, timeout=60)
    assert bool(done.returncode) is fails, done.stdout + done.stderr
    return done.stderr if fails else done.stdout


def kustomized(folder: str) -> str:
    return run(TOOLS / "kubectl", "kustomize", KUBERNETES / folder)


def templated(*options: str, release: str = "valetkey") -> str:
    return run(TOOLS / "helm", "template", release, KUBERNETES / "chart", *options)


def require_valid(rendered: str, file: Path) -> None:
    """No unknown field, nothing missing, in the oldest and in the newest Kubernetes that we say."""
    file.write_text(rendered)
    for version in (OLDEST, NEWEST):
        run(VALIDATE, "--strict", "--quiet", "--kubernetes-version", version, file)


def objects(rendered: str) -> dict[tuple[str, str], Object]:
    """By kind and name."""
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(rendered) if one}


def pods(rendered: str) -> Iterator[Object]:
    for (kind, _), one in objects(rendered).items():
        if kind in {"Deployment", "Job"}:
            yield one["spec"]["template"]["spec"]


@pytest.mark.parametrize("folder", ["base", "example"])
def test_kustomize_is_valid(folder: str, tmp_path: Path) -> None:
    """The base, and an overlay as an operator writes it."""
    require_valid(kustomized(folder), tmp_path / "rendered.yaml")


def test_the_overlay_reaches_the_base() -> None:
    """Its image, its settings and its profiles are in what is rendered."""
    rendered = objects(kustomized("example"))
    assert {pod["containers"][0]["image"] for pod in pods(kustomized("example"))} == {"example/valetkey:0.1.0"}
    data = [one["data"] for (kind, _), one in rendered.items() if kind == "ConfigMap"]
    assert any(one.get("VALETKEY_BUCKET") == "uploads-of-example" for one in data)
    assert any("profiles.photos" in one.get("valetkey.toml", "") for one in data)


@pytest.mark.parametrize("options", VALUES.values(), ids=VALUES)
def test_the_chart_is_valid(options: Sequence[str], tmp_path: Path) -> None:
    """With its defaults, and with each switch the other way."""
    run(TOOLS / "helm", "lint", "--strict", KUBERNETES / "chart", *options)
    require_valid(templated(*options), tmp_path / "rendered.yaml")


def test_another_release_name_reaches_everything(tmp_path: Path) -> None:
    """Two releases in one namespace share no object, and select none of each other's pods."""
    other = templated(release="second")
    require_valid(other, tmp_path / "rendered.yaml")
    assert not objects(other).keys() & objects(templated()).keys()
    for (kind, name), one in objects(other).items():
        if kind == "Deployment":
            assert one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/instance"] == "second", name


def test_a_secret_among_the_settings_is_refused() -> None:
    """A value of the chart lies open in the cluster: secrets come by reference only."""
    said = run(
        TOOLS / "helm",
        "template",
        "valetkey",
        KUBERNETES / "chart",
        "--set-string=settings.VALETKEY_SECRET_KEYS=x",
        fails=True,
    )
    assert "VALETKEY_SECRET_KEYS" in said


HASHED = re.compile(r"\b(valetkey-config|valetkey-settings)-[a-z0-9]{10}\b")
OF_TOOLS = ("helm.sh/", "checksum/", "app.kubernetes.io/managed-by", "app.kubernetes.io/version")


def plain(rendered: str) -> dict[tuple[str, str], Object]:
    """Without what each of the two tools adds: hashes in names, labels and annotations of its own."""
    found = objects(HASHED.sub(r"\1", rendered))
    for one in found.values():
        for metadata in (one["metadata"], one.get("spec", {}).get("template", {}).get("metadata", {})):
            for name in ("labels", "annotations"):
                given = metadata.pop(name, {})
                kept = {key: value for key, value in given.items() if not key.startswith(OF_TOOLS)}
                metadata.update({name: kept} if kept else {})
        for container in one.get("spec", {}).get("template", {}).get("spec", {}).get("containers", []):
            container.pop("imagePullPolicy", None)
    return found


def test_chart_and_base_say_the_same() -> None:
    """With the defaults of the chart: a change of one of them is a change of both."""
    base, chart = plain(kustomized("base")), plain(templated())
    assert base.keys() == chart.keys()
    for key, one in base.items():
        assert one == chart[key], key


@pytest.mark.parametrize("rendered", ["base", "chart"])
def test_pods_may_do_little(rendered: str) -> None:
    """No root, no writing to the image, no capability, no token of the cluster; a bound for memory; secrets by name.

    And no variables of the Services around: that of ours would be VALETKEY_PORT.
    """
    found = list(pods(kustomized("base") if rendered == "base" else templated()))
    assert len(found) == 3
    for pod in found:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        [container] = pod["containers"]
        held = container["securityContext"]
        assert (held["readOnlyRootFilesystem"], held["allowPrivilegeEscalation"]) == (True, False)
        assert held["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} == container["resources"]["limits"].keys() == container["resources"]["requests"].keys()
        assert {"secretRef": {"name": "valetkey-secrets"}} in container["envFrom"]


@pytest.mark.parametrize("rendered", ["base", "example", "chart"])
def test_settings_exist(rendered: str) -> None:
    """Each VALETKEY_* that is set is one that valetkey reads."""
    text = templated() if rendered == "chart" else kustomized(rendered)
    names = {name for one in objects(text).values() if one["kind"] == "ConfigMap" for name in one["data"]}
    names |= {each["name"] for pod in pods(text) for each in pod["containers"][0].get("env", [])}
    known = {f"VALETKEY_{name.upper()}" for name in Settings.model_fields}
    assert names - {"valetkey.toml"} <= known
