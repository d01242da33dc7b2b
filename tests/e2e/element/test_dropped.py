"""Folders dropped on `<valet-upload>`, and pasted files, as real browsers pass them on."""

import re
import unicodedata
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.element.field import Open, drop

NAMES = [
    "Grüße.txt",
    "日本語 ファイル.txt",
    "ملف عربي.txt",
    "файл.txt",
    "नमस्ते.txt",
    "👩🏽‍🚀 & <b>.txt",
    "e\u0301tude.txt",
]


@pytest.mark.timeout(600)
def test_a_dropped_folder_is_taken_with_all_that_is_in_it(open_page: Open, tmp_path: Path) -> None:
    """Nested, more entries than a reader gives at once, an empty one, names in many scripts: all paths, each once."""
    trip = tmp_path / "Reise 旅"
    (trip / "a" / "b" / "c").mkdir(parents=True)
    (trip / "empty").mkdir()
    many = trip / "many"
    many.mkdir()
    wanted = {"Reise 旅/a/b/c/deep.txt": b"deep", "beside.txt": b"beside"}
    wanted |= {f"Reise 旅/{name}": name.encode() for name in NAMES}
    wanted |= {f"Reise 旅/many/{number}.txt": b"%d" % number for number in range(230)}
    for path, content in wanted.items():
        (tmp_path / path).write_bytes(content)
    field = open_page()
    drop(field, trip, tmp_path / "beside.txt")
    expect(field.page.get_by_text(f"{len(wanted)} of {len(wanted)} files uploaded")).to_be_visible(timeout=400_000)
    shown = "field => field.items.map(({ file }) => [file.webkitRelativePath || file.name, file.size])"
    found: list[tuple[str, int]] = field.element.evaluate(shown)
    assert sorted(map(tuple, found)) == sorted((path, len(content)) for path, content in wanted.items())
    assert len(set(field.value())) == len(wanted)
    *inside, beside = field.value()
    kept = [field.upload(one) for one in inside[: len(NAMES) + 2]]
    assert {one["filename"] for one in kept} <= {path.rpartition("/")[2] for path in wanted}
    composed = {unicodedata.normalize("NFC", path) for path in wanted}
    assert {one["path"] for one in kept} <= composed
    assert (field.upload(beside)["filename"], field.upload(beside)["path"]) == ("beside.txt", None)


def test_an_empty_folder_says_so(open_page: Open, tmp_path: Path) -> None:
    """Nothing is listed, but nobody wonders what became of the drop."""
    (tmp_path / "empty" / "in it").mkdir(parents=True)
    field = open_page()
    drop(field, tmp_path / "empty")
    expect(field.page.get_by_role("alert")).to_have_text("It contains no files.")
    expect(field.rows).to_have_count(0)


def test_a_folder_that_takes_long_says_so(open_page: Open, tmp_path: Path) -> None:
    """While the browser lists a folder, the place where it was dropped says what is going on."""
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "a.txt").write_text("x")
    field = open_page()
    field.page.evaluate("""() => {
      const { webkitGetAsEntry } = DataTransferItem.prototype;
      DataTransferItem.prototype.webkitGetAsEntry = function () {
        const entry = webkitGetAsEntry.call(this);
        const reader = Object.getPrototypeOf(entry.createReader());
        const { readEntries } = reader;
        reader.readEntries = function (...callbacks) { setTimeout(() => readEntries.apply(this, callbacks), 1000); };
        return entry; }; }""")
    drop(field, tmp_path / "slow")
    expect(field.page.get_by_text("Reading the folder")).to_be_visible()
    expect(field.status("slow/a.txt")).to_have_text("Uploaded · 1 byte")
    expect(field.page.get_by_text("Drop files here, paste them, or")).to_be_visible()


def test_a_folder_for_one_file_is_cut_to_the_first(open_page: Open, tmp_path: Path) -> None:
    """Without `multiple` one file of it is taken, and the rest is told."""
    (tmp_path / "trip").mkdir()
    for number in range(3):
        (tmp_path / "trip" / f"{number}.txt").write_text("x")
    field = open_page("")
    drop(field, tmp_path / "trip")
    expect(field.page.get_by_role("alert")).to_have_text("Only one file. 2 were left out.")
    expect(field.rows).to_have_count(1)


def test_an_image_of_the_clipboard_is_pasted(open_page: Open) -> None:
    """Ctrl+V anywhere on the page, with a picture that was copied, uploads it."""
    field = open_page(permissions=["clipboard-read", "clipboard-write"])
    copied = """async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 20, height: 20 });
      canvas.getContext("2d").fillRect(0, 0, 10, 10);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
      await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]); }"""
    field.page.locator("h1").click()
    field.page.evaluate(copied)
    field.page.keyboard.press("Control+V")
    expect(field.status("image.png")).to_have_text(re.compile("^Uploaded · "))
    [identifier] = field.value()
    assert field.upload(identifier)["content_type"] == "image/png"
