"""`<valet-upload>` on a page, as its user meets it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import FilePayload, Locator, Page, Route
from tests.support.pages import violations

TRANSFER = """(files) => {
  const transfer = new DataTransfer();
  for (const { name, size, type } of files) transfer.items.add(new File([new Uint8Array(size)], name, { type }));
  return transfer;
}"""


TELL = """() => {
  window.told = [];
  const field = document.querySelector("valet-upload");
  for (const name of ["valet-state", "valet-confirmed", "valet-error", "valet-finished"])
    field.addEventListener(name, ({ type, detail }) =>
      told.push([type, detail.file?.name ?? null, detail.state ?? null]));
}"""


class Field:
    """The element on a page, as its user meets it."""

    def __init__(self, page: Page, endpoint: str) -> None:
        self.page = page
        self.endpoint = endpoint
        self.element = page.locator("valet-upload")
        self.rows = page.locator("valet-upload li")
        self._ready()

    def row(self, name: str) -> Locator:
        return self.rows.filter(has=self.page.locator(f'[title="{name}"]'))

    def status(self, name: str) -> Locator:
        return self.row(name).locator("[part=status]")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def reload(self) -> None:
        """The page begins anew, as it does when a laptop was switched off."""
        self.page.reload()
        self._ready()

    def other_tab(self) -> "Field":
        """The same page once more, in the same browser."""
        page = self.page.context.new_page()
        page.goto(self.page.url)
        return Field(page, self.endpoint)

    def pick(self, *files: FilePayload) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name=re.compile("^Choose (a file|files)$")).click()
        chooser.value.set_files(files)

    def add(self, count: int, size: int = 10) -> None:
        """Many files, as a program adds them."""
        script = """(field, [count, size]) => field.add(Array.from({ length: count }, (_, index) =>
          new File([new Uint8Array(size)], `${index}.bin`, { lastModified: index })))"""
        self.element.evaluate(script, [count, size])

    def value(self) -> list[str]:
        value: list[str] = self.element.evaluate("field => field.value")
        return value

    def upload(self, identifier: str) -> dict[str, Any]:
        found: dict[str, Any] = self.page.request.get(f"{self.endpoint}/v1/uploads/{identifier}").json()
        return found

    def hold_storage(self) -> Callable[[], None]:
        """From now on S3 does not answer, until the answer is called."""
        pattern = re.compile(r"/valetkey-dev(/|$)")
        held: list[Route] = []
        self.page.route(pattern, lambda route: held.append(route))  # noqa: PLW0108 - playwright marks what it calls

        def release() -> None:
            for route in held:
                route.continue_()
            self.page.unroute(pattern)

        return release

    def _ready(self) -> None:
        self.page.wait_for_function("Boolean(customElements.get('valet-upload'))")
        self.page.evaluate(TELL)

    def assert_accessible(self) -> None:
        assert [(found["id"], [node["target"] for node in found["nodes"]]) for found in violations(self.page)] == []


Open = Callable[..., Field]


def payload(name: str, content: bytes = b"hello", kind: str = "text/plain") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


def drop(field: Field, *paths: Path) -> None:
    """Drop files and folders of the disk on the element, as a person does."""
    cdp = field.page.context.new_cdp_session(field.page)
    box = field.element.bounding_box()
    assert box is not None
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 20}
        cdp.send("Input.dispatchDragEvent", {"type": kind, **where, "data": data})
    cdp.detach()
