"""WebKitGTK's MiniBrowser by WebDriver (https://www.w3.org/TR/webdriver2/), on a screen that nobody sees."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.browsers.browser_processes import running
from tests.support.servers import free_port

ANSWER_WITHIN = 120  # seconds
SCRIPT = """
const done = arguments[arguments.length - 1];
Promise.resolve(%s).then((value) => done([value, null]), (error) => done([null, String(error)]));
"""


class WebKit:
    """A window behind a WebDriver session."""

    def __init__(self, driver: httpx.Client) -> None:
        self._driver = driver
        options = {"browserName": "MiniBrowser", "timeouts": {"script": ANSWER_WITHIN * 1000}}
        made = self._post("/session", capabilities={"alwaysMatch": options})
        self._session = f"/session/{made['sessionId']}"

    def goto(self, url: str) -> None:
        self._post(f"{self._session}/url", url=url)

    def evaluate(self, expression: str) -> str:
        value, error = self._post(f"{self._session}/execute/async", script=SCRIPT % expression, args=[])
        if error is not None:
            raise RuntimeError(error)
        return str(value)

    def pick(self, element: str, files: Sequence[Path]) -> None:
        found = self._post(f"{self._session}/execute/sync", script=f"return {element}", args=[])
        [identifier] = found.values()
        paths = "\n".join(str(file) for file in files)
        self._post(f"{self._session}/element/{identifier}/value", text=paths)

    def close(self) -> None:
        """End the session, and the browser with it."""
        self._driver.delete(self._session)

    def _post(self, path: str, **body: Any) -> Any:
        answer = self._driver.post(path, json=body)
        if answer.is_error:
            raise RuntimeError(f"{path}: {answer.text}")
        return answer.json()["value"]


@contextmanager
def running_webkit(directory: Path) -> Iterator[WebKit]:
    """A MiniBrowser with a profile of its own in `directory`."""
    home = {"HOME": str(directory), "XDG_RUNTIME_DIR": str(directory), "NO_AT_BRIDGE": "1"}
    env = {**os.environ, **home, "LIBGL_ALWAYS_SOFTWARE": "1"}
    with running(["Xvfb", "-displayfd", "1", "-nolisten", "tcp"], directory, env) as screen:
        env["DISPLAY"] = ":" + screen.says(r"(?m)^(\d+)$")
        port = free_port()
        with (
            running(["WebKitWebDriver", "--host=127.0.0.1", f"--port={port}"], directory, env),
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                timeout=ANSWER_WITHIN,
                transport=httpx.HTTPTransport(retries=8),  # it says nothing when it listens
                trust_env=False,
            ) as driver,
        ):
            webkit = WebKit(driver)
            yield webkit
            webkit.close()
