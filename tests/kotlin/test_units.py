"""JUnit tests without a server: records on disk, responses, delays between attempts."""

import re

from tests.kotlin.driver import BUILT, java
from tests.support import processes
from tests.support.stores import ROOT

TESTS = ROOT / "frontend" / "kotlin" / "src" / "test" / "kotlin" / "valetkey"


def test_units() -> None:
    """Each class of tests that there is, in one JVM; none is left out, and none is empty."""
    names = [f"valetkey.{file.stem}" for file in sorted(TESTS.glob("*Test.kt"))]
    assert names
    done = processes.run(java("org.junit.runner.JUnitCore", *names), timeout=120, cwd=BUILT)
    assert done.returncode == 0, done.stdout
    counted = re.search(r"OK \((\d+) tests?\)", done.stdout)
    assert counted, done.stdout
    written = sum(file.read_text().count("@Test") for file in TESTS.glob("*Test.kt"))
    assert int(counted[1]) == written
