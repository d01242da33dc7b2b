#!/usr/bin/env python3
"""Installs a Kotlin compiler from PyPI, and compiles with it, without Maven or Gradle repositories.

    infra/kotlin/kotlin.py install FOLDER     # the compiler, and the libraries for running programs
    infra/kotlin/kotlin.py build FOLDER OUT   # compiles frontend/kotlin and its tests to OUT; they run with FOLDER/lib
    infra/kotlin/kotlin.py compile FOLDER JAR SOURCES... [--classpath JARS]   # compiles other sources

The Jupyter kernel's wheel has the compiler, kotlinx.coroutines and the plug-in of kotlinx.serialization in one jar. The
parts that programs need are put into separate jars. Android projects get the same libraries from Maven Central.
"""

# ruff: noqa: S603 -- it runs pip and java

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CLIENT = ROOT / "frontend" / "kotlin"
ANSWERS = ROOT / "service" / "valetkey" / "reference" / "store_answers.json"
REQUIREMENTS = HERE / "kernel.txt"
JUNIT = [Path("/usr/share/java/junit4.jar"), Path("/usr/share/java/hamcrest-core.jar")]
"""From the Debian package junit4."""

LIBRARIES = ("annotations", "kotlin-stdlib", "kotlinx-serialization-core-jvm", "kotlinx-serialization-json-jvm")
COMPILER_NEEDS = (*LIBRARIES, "kotlin-reflect", "kotlin-script-runtime", "slf4j-api")
SERIALIZATION = "org.jetbrains.kotlinx.serialization.compiler.extensions"
PLUGIN = {
    "CompilerPluginRegistrar": f"{SERIALIZATION}.SerializationComponentRegistrar",
    "CommandLineProcessor": f"{SERIALIZATION}.SerializationPluginOptions",
}
STRICT = ("-Werror", "-jvm-target", "1.8", "-Xjdk-release=1.8")
"""The Java version to compile against: later classes do not exist on all versions of Android."""


def install(folder: Path) -> None:
    """Installs the compiler in ``folder``/compiler and libraries in ``folder``/lib; they replace existing ones only
    when complete."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
        made, kernel = Path(beside) / "made", Path(beside) / "kernel"
        pip("install", "--no-deps", "--target", str(kernel), "--requirement", str(REQUIREMENTS))
        [jars] = kernel.glob("*/jars")
        for part in ("compiler", "lib"):
            (made / part).mkdir(parents=True)
        [whole] = jars.glob("kotlin-jupyter-kernel-*-all.jar")
        whole.rename(made / "compiler" / "kernel.jar")
        for needed in COMPILER_NEEDS:
            [jar] = jars.glob(f"{needed}-[0-9]*.jar")
            jar.rename(made / ("lib" if needed in LIBRARIES else "compiler") / f"{needed}.jar")
        extract(made / "compiler" / "kernel.jar", made / "lib" / "kotlinx-coroutines-core-jvm.jar", of_coroutines)
        with zipfile.ZipFile(made / "compiler" / "serialization.jar", "w") as plugin:
            for service, name in PLUGIN.items():
                plugin.writestr(f"META-INF/services/org.jetbrains.kotlin.compiler.plugin.{service}", name)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def of_coroutines(name: str) -> bool:
    return name.startswith(("kotlinx/coroutines/", "META-INF/kotlinx-coroutines", "META-INF/kotlinx_coroutines"))


def extract(jar: Path, to: Path, wanted: Callable[[str], bool]) -> None:
    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as target:
        for name in filter(wanted, source.namelist()):
            target.writestr(name, source.read(name))


def build(folder: Path, out: Path) -> None:
    """Compiles the client to ``out``/valetkey.jar, as users get it, and its tests and their programs to
    ``out``/tests.jar.

    The Android sample and the blocks of README.md are compiled, too, and discarded.
    """
    out.mkdir(parents=True, exist_ok=True)
    libraries = sorted((folder / "lib").glob("*.jar"))
    client, tests = out / "valetkey.jar", out / "tests.jar"
    named = ("-Xexplicit-api=strict", "-module-name", "valetkey")
    compile_(folder, client, [CLIENT / "src" / "main"], libraries, *STRICT, *named)
    with zipfile.ZipFile(client, "a") as jar:
        jar.write(ANSWERS, "valetkey/store_answers.json")
    compile_(
        folder, tests, [CLIENT / "src" / "test"], [*libraries, *JUNIT, client], *STRICT, f"-Xfriend-paths={client}"
    )
    samples = [CLIENT / "samples" / "android", CLIENT / "samples" / "stand-ins", *readme_blocks(out / "readme")]
    with tempfile.TemporaryDirectory() as unused:
        compile_(folder, Path(unused) / "samples.jar", samples, [*libraries, client], *STRICT)


def readme_blocks(folder: Path) -> list[Path]:
    """Writes the Kotlin blocks of README.md, each to a file with its own package."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    blocks = re.findall(r"^```kotlin\n(.*?)^```$", (CLIENT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    for number, block in enumerate(blocks):
        (folder / f"block{number}.kt").write_text(f"package readme{number}\n\n{block}")
    return [folder]


def compile_(folder: Path, jar: Path, sources: list[Path], classpath: Iterable[Path], *options: str) -> None:
    compiler = [*(folder / "compiler").glob("*.jar"), *(folder / "lib").glob("*.jar")]
    java = ["java", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", joined(compiler)]
    plugin = f"-Xplugin={folder / 'compiler' / 'serialization.jar'}"
    command = [*java, "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-no-stdlib", "-no-reflect", plugin, *options]
    done = subprocess.run([*command, "-classpath", joined(classpath), "-d", str(jar), *map(str, sources)], check=False)
    if done.returncode:
        raise SystemExit(f"kotlin: {sources[0]} does not compile")


def joined(jars: Iterable[Path]) -> str:
    return ":".join(str(jar) for jar in jars)


def pip(*args: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *args], check=False)
    if done.returncode:
        raise SystemExit("kotlin: pip failed")


def main() -> None:
    parser = argparse.ArgumentParser(prog="kotlin.py", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("install").add_argument("folder", type=Path)
    building = commands.add_parser("build")
    building.add_argument("folder", type=Path)
    building.add_argument("out", type=Path)
    compiling = commands.add_parser("compile")
    for name in ("folder", "jar"):
        compiling.add_argument(name, type=Path)
    compiling.add_argument("sources", type=Path, nargs="+")
    compiling.add_argument("--classpath", default="", help="jars with : between them")
    given = parser.parse_args()
    if given.command == "install":
        install(given.folder.absolute())
    elif given.command == "compile":
        libraries = sorted((given.folder / "lib").glob("*.jar"))
        others = map(Path, filter(None, given.classpath.split(":")))
        compile_(given.folder, given.jar, given.sources, [*libraries, *others])
    else:
        build(given.folder.absolute(), given.out.absolute())


if __name__ == "__main__":
    main()
