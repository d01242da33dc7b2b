"""An application with the Kotlin client, in a JVM of its own: `frontend/kotlin/src/test/kotlin/valetkey/driver`."""

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import processes
from tests.support.stores import ROOT

BUILT = ROOT / "frontend" / "kotlin" / "build"
LIBRARIES = ROOT / ".venv" / "tools" / "kotlin" / "lib"
JUNIT = [Path("/usr/share/java/junit4.jar"), Path("/usr/share/java/hamcrest-core.jar")]

Event = list[str]


def java(*arguments: str) -> list[str]:
    """A JVM that starts soon: it is killed before it is ever warm."""
    jars = [*BUILT.glob("*.jar"), *LIBRARIES.glob("*.jar"), *JUNIT]
    assert BUILT / "valetkey.jar" in jars, "run `make kotlin`: nothing is built"
    options = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx192m"]
    return ["java", *options, "-cp", ":".join(map(str, jars)), *arguments]


@dataclass
class Running:
    """The application while it runs, and what it has said so far."""

    process: "subprocess.Popen[bytes]"
    events: list[Event] = field(default_factory=list)

    def until(self, wanted: Callable[[Event], bool]) -> Event:
        """Waits for an event, and returns it."""
        for event in self:
            if wanted(event):
                return event
        raise AssertionError(f"it ended with {self.process.wait()}: {self.events}")

    def until_sent(self, count: int) -> None:
        """Waits until so many bytes have moved."""
        self.until(lambda event: event[0] == "progress" and int(event[2]) >= count)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __iter__(self) -> Iterator[Event]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                return  # it was killed while it said that
            event = json.loads(line)
            self.events.append(event)
            yield event


@dataclass(frozen=True)
class Application:
    """The application: its folder of records, and what it is told."""

    endpoint: str
    token_file: Path
    folder: Path

    @contextmanager
    def started(self, files: Sequence[Path] = (), **options: Any) -> Iterator[Running]:
        """It adds these files and runs all that is in its folder; it is killed at the end of the block."""
        given = {"endpoint": self.endpoint, "token-file": self.token_file, "folder": self.folder} | options
        words = [f"{name.replace('_', '-')}={value}" for name, value in given.items()]
        if files:
            words.append(f"files={','.join(map(str, files))}")
        with processes.running(java("valetkey.driver.MainKt", "run", *words), stdout=subprocess.PIPE) as process:
            yield Running(process)

    def run(self, *files: Path, **options: Any) -> list[Event]:
        """It runs to its end: all that it said but for the progress."""
        with self.started(files, **options) as running:
            events = [event for event in running if event[0] != "progress"]
            assert running.process.wait() == 0
            assert events[-1][0] == "over", events
            return events[:-1]

    def ends(self, *files: Path, **options: Any) -> Event:
        """The same for one file: how it ended."""
        [end] = [event for event in self.run(*files, **options) if event[0] != "added"]
        return end

    def records(self) -> list[dict[str, Any]]:
        """What is on disk."""
        return [json.loads(file.read_text()) for file in sorted(self.folder.glob("*.json"))]
