#!/usr/bin/env python3
"""Brings a Kotlin compiler from PyPI, and compiles with it: there need be no Maven or Gradle.

    infra/kotlin_compiler.py install FOLDER
    infra/kotlin_compiler.py compile FOLDER JAR SOURCES... [--classpath JARS]

The wheel of the Jupyter kernel for Kotlin has the compiler in it, with the libraries that it needs. After the
installation FOLDER/compiler has what compiles, FOLDER/lib what programs run with.
"""

# ruff: noqa: S603 -- it runs pip and java

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

KERNEL = "kotlin-jupyter-kernel==0.19.0.944"
LIBRARIES = ("annotations", "kotlin-stdlib")
COMPILER = ("kotlin-reflect", "kotlin-script-runtime", "kotlinx-serialization-core-jvm", "slf4j-api")


def install(folder: Path) -> None:
    """The compiler and the libraries in ``folder``; what was there is replaced when all is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        made, kernel = Path(name) / "made", Path(name) / "kernel"
        _run(sys.executable, "-m", "pip", "--quiet", "install", "--no-deps", "--target", str(kernel), KERNEL)
        [jars] = kernel.glob("*/jars")
        for part in ("compiler", "lib"):
            (made / part).mkdir(parents=True)
        [whole] = jars.glob("kotlin-jupyter-kernel-*-all.jar")
        whole.rename(made / "compiler" / "kernel.jar")
        for part, needed in (("lib", LIBRARIES), ("compiler", COMPILER)):
            for one in needed:
                [jar] = jars.glob(f"{one}-[0-9]*.jar")
                jar.rename(made / part / f"{one}.jar")
        _coroutines(made)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def _coroutines(made: Path) -> None:
    """Those that the compiler has in it, for programs in a jar of their own."""
    with (
        zipfile.ZipFile(made / "compiler" / "kernel.jar") as whole,
        zipfile.ZipFile(made / "lib" / "kotlinx-coroutines-core-jvm.jar", "w", zipfile.ZIP_DEFLATED) as taken,
    ):
        for name in whole.namelist():
            if name.startswith(("kotlinx/coroutines/", "META-INF/kotlinx-coroutines", "META-INF/kotlinx_coroutines")):
                taken.writestr(name, whole.read(name))


def compile_(folder: Path, jar: Path, sources: Sequence[Path], classpath: Iterable[Path], *options: str) -> None:
    """``jar`` made of ``sources``, files and folders, against ``classpath`` and what ``folder``/lib has."""
    libraries = sorted((folder / "lib").glob("*.jar"))
    compiler = [*sorted((folder / "compiler").glob("*.jar")), *libraries]
    java = ("java", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", joined(compiler))
    given = ("-no-stdlib", "-no-reflect", "-classpath", joined([*libraries, *classpath]), "-d", str(jar))
    _run(*java, "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", *given, *options, *map(str, sources))


def joined(jars: Iterable[Path]) -> str:
    """A class path."""
    return ":".join(map(str, jars))


def _run(*command: str) -> None:
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"kotlin_compiler: failed: {' '.join(command)[:2000]}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="kotlin_compiler.py", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("install").add_argument("folder", type=Path)
    compiling = commands.add_parser("compile")
    for name in ("folder", "jar"):
        compiling.add_argument(name, type=Path)
    compiling.add_argument("sources", type=Path, nargs="+")
    compiling.add_argument("--classpath", default="", help="jars with : between them")
    given = parser.parse_args()
    if given.command == "install":
        install(given.folder.absolute())
    else:
        compile_(given.folder, given.jar, given.sources, map(Path, filter(None, given.classpath.split(":"))))


if __name__ == "__main__":
    main()
