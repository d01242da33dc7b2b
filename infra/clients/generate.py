#!/usr/bin/env python3
"""Generates clients from an OpenAPI document with OpenAPI Generator, in one run of Java, as configured in clients.toml.

    infra/clients/generate.py JAR OUT [--document FILE] [LANGUAGE...]

JAR is OpenAPI Generator's jar, or a folder that contains it. Each client is written to the folder OUT/LANGUAGE, which
is replaced. The default document is that of this version of valetkey.
"""

# ruff: noqa: S603, T201 -- it runs java, and prints the results

import argparse
import json
import shutil
import subprocess
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CONFIG = Path(__file__).with_name("clients.toml")
JAVA = ("java", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
COMMON = {"hideGenerationTimestamp": True}

_MEMBER = 'jsonObj["{{#lambda.escapeDollar}}{{baseName}}{{/lambda.escapeDollar}}"]'
_BEGIN, _END = "            {{#vars}}\n", "            {{/vars}}\n"
CORRECTIONS = {
    "kotlin": {
        # What is required and null was looked into as if it were not, and refused: each upload has such a member.
        "kotlin-client/data_class.mustache": {
            _BEGIN: f"{_BEGIN}            if ({_MEMBER}?.isJsonNull != true) {{\n",
            _END: f"            }}\n{_END}",
        }
    }
}
"""Corrections of the generator's templates: by language and template, a line that occurs once, and its replacement."""


def languages() -> dict[str, dict[str, Any]]:
    """The configuration of each language, by name."""
    return tomllib.loads(CONFIG.read_text(encoding="utf-8"))


def generate(jar: Path, out: Path, document: Path, wanted: Sequence[str]) -> None:
    """Generates the clients of these languages in folders of ``out``. Raises `SystemExit` with the generator's
    output."""
    known = languages()
    with tempfile.TemporaryDirectory() as folder:
        configs = []
        for language in wanted:
            target = out / language
            shutil.rmtree(target, ignore_errors=True)
            said = {**known[language], "inputSpec": str(document), "outputDir": str(target)}
            said["additionalProperties"] |= COMMON
            if language in CORRECTIONS:
                said["templateDir"] = str(corrected(jar, CORRECTIONS[language], Path(folder) / language))
            config = Path(folder) / f"{language}.json"
            config.write_text(json.dumps(said), encoding="utf-8")
            configs.append(str(config))
        batch = ("batch", "--fail-fast", "--threads", "1", "--timeout", "10", *configs)
        done = subprocess.run([*JAVA, "-jar", str(jar), *batch], check=False, capture_output=True, text=True)
    if done.returncode or (lacking := [one for one in wanted if not (out / one).is_dir()]):
        lacking = lacking if not done.returncode else list(wanted)
        raise SystemExit(f"generate: no client in {', '.join(lacking)}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def corrected(jar: Path, changes: Mapping[str, Mapping[str, str]], folder: Path) -> Path:
    """Writes the corrected templates to a folder; others are used from the jar. Raises `SystemExit` if a line is not
    found: then check whether the generator was fixed."""
    with zipfile.ZipFile(jar) as templates:
        for name, lines in changes.items():
            text = templates.read(name).decode()
            for before, after in lines.items():
                if text.count(before) != 1:
                    raise SystemExit(f"generate: {name} is not the template that was corrected")
                text = text.replace(before, after)
            target = folder / name.partition("/")[2]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return folder


def jar_in(place: Path) -> Path:
    """The generator's jar: ``place`` itself, or a file in that folder. Raises `SystemExit`."""
    found = [place] if place.is_file() else sorted(place.rglob("openapi-generator.jar"))
    if not found:
        raise SystemExit(f"generate: there is no openapi-generator.jar in {place}")
    return found[0]


def own_document(folder: Path) -> Path:
    """Writes the OpenAPI document to a file in ``folder``."""
    from valetkey.api.openapi import document

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "openapi.json"
    file.write_text(json.dumps(document(), indent=1), encoding="utf-8")
    return file


def main() -> None:
    parser = argparse.ArgumentParser(prog="generate.py", description=__doc__)
    parser.add_argument("jar", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("languages", nargs="*", help=f"of {', '.join(languages())}; all of them if none is named")
    parser.add_argument("--document", type=Path)
    given = parser.parse_intermixed_args()
    wanted = given.languages or list(languages())
    if unknown := sorted(set(wanted) - set(languages())):
        parser.error(f"nobody said how to generate {', '.join(unknown)}")
    out = given.out.absolute()
    document = given.document.absolute() if given.document else own_document(out)
    generate(jar_in(given.jar), out, document, wanted)
    for language in wanted:
        print(f"{language}: {out / language}")


if __name__ == "__main__":
    main()
