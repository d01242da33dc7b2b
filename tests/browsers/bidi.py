"""Firefox as Debian ships it, by WebDriver BiDi: https://www.w3.org/TR/webdriver-bidi/."""

import itertools
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browsers.browser_processes import running
from websockets.sync.client import ClientConnection, connect

PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://127.0.0.1:9/",  # asks nobody for news
    "toolkit.telemetry.enabled": False,
}
ANSWER_WITHIN = 120  # seconds


class Firefox:
    """A tab behind a BiDi session."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._call("session.new", capabilities={})
        self._context = self._call("browsingContext.getTree")["contexts"][0]["context"]

    def goto(self, url: str) -> None:
        self._call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> str:
        answer = self._call(
            "script.evaluate", expression=expression, target={"context": self._context}, awaitPromise=True
        )
        if answer["type"] != "success":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return str(answer["result"]["value"])

    def pick(self, element: str, files: Sequence[Path]) -> None:
        answer = self._call(
            "script.evaluate", expression=element, target={"context": self._context}, awaitPromise=False
        )
        found = {"sharedId": answer["result"]["sharedId"]}
        self._call("input.setFiles", context=self._context, element=found, files=[str(file) for file in files])

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:  # until our answer: events come between
            answer: dict[str, Any] = json.loads(self._socket.recv(timeout=ANSWER_WITHIN))
            if answer.get("id") == number:
                break
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result


@contextmanager
def running_firefox(directory: Path) -> Iterator[Firefox]:
    """A headless Firefox with a profile of its own in `directory`."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items()]
    (directory / "user.js").write_text("".join(lines))
    command: list[str | Path] = [
        "firefox-esr",
        "--headless",
        "--no-remote",
        "--profile",
        directory,
        "--remote-debugging-port",
        "0",
    ]
    with running(command, directory, {**os.environ, "HOME": str(directory)}) as firefox:
        url = firefox.says(r"WebDriver BiDi listening on (ws://\S+)")
        with connect(f"{url}/session", max_size=None, proxy=None) as socket:
            yield Firefox(socket)
