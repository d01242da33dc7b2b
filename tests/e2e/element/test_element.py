"""`<valet-upload>` on an application's page in a real browser, against `valetkey dev`."""

import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect
from tests.e2e.element.field import TRANSFER, Open, payload
from tests.support.pages import Site


def test_picked_files_are_confirmed_and_sent_with_the_form(open_page: Open, site: Site) -> None:
    """The form's value is one entry per confirmed file; until then it cannot be sent."""
    field = open_page("multiple required profile=default")
    assert field.element.evaluate("field => field.validity.valueMissing")
    release = field.hold_storage()
    field.pick(payload("a.txt"), payload("Käse 图.txt", b"other"))
    field.page.get_by_role("button", name="Send").click()
    assert field.element.evaluate("field => field.validationMessage") == (
        "Please wait: 2 files are still being uploaded."
    )
    release()
    expect(field.status("a.txt")).to_have_text("Uploaded · 5 bytes")
    expect(field.status("Käse 图.txt")).to_have_text("Uploaded · 5 bytes")
    ids = field.value()
    assert [field.upload(one)["state"] for one in ids] == ["confirmed", "confirmed"]
    assert [field.upload(one)["filename"] for one in ids] == ["a.txt", "Käse 图.txt"]
    field.page.get_by_role("button", name="Send").click()
    expect(field.page).to_have_title("taken")
    assert site.posted[-1] == "&".join(f"files={one}" for one in ids).encode()


FOCUSED = "document.activeElement.shadowRoot?.activeElement?.getAttribute('aria-label') ?? null"
MESSAGE = "field => field.validationMessage"


def test_a_form_never_leaves_out_a_file_by_itself(open_page: Open, site: Site) -> None:
    """One file is uploaded, another refused: the form stays, and says which one and where, until it is removed."""
    field = open_page("multiple accept=.txt")
    field.pick(payload("good.txt"), payload("cat.jpg"))
    expect(field.status("good.txt")).to_have_text("Uploaded · 5 bytes")
    sent = len(site.posted)
    field.button("Send").click()
    assert field.element.evaluate(MESSAGE) == "cat.jpg was not uploaded. Remove it to continue."
    assert field.page.evaluate(FOCUSED) == "Remove cat.jpg from the list"
    assert (field.page.title(), len(site.posted)) == ("An application", sent)
    field.page.keyboard.press("Enter")
    expect(field.rows).to_have_count(1)
    field.button("Send").click()
    expect(field.page).to_have_title("taken")
    assert site.posted[-1].count(b"files=") == 1


def test_a_file_that_failed_waits_for_the_user(open_page: Open) -> None:
    """A required field whose file failed does not ask for a file: it asks what is to become of this one; a retry ends
    it, as a cancelled upload, which the user has decided about, holds nothing."""
    field = open_page("multiple required")
    problem = json.dumps({"code": "forbidden", "detail": "Not today."})
    field.page.route(
        "**/v1/uploads",
        lambda route: route.fulfill(
            status=403,
            headers={"Access-Control-Allow-Origin": "*"},
            content_type="application/problem+json",
            body=problem,
        ),
    )
    field.pick(payload("cat.jpg"))
    expect(field.row("cat.jpg")).to_have_attribute("data-state", "failed")
    field.button("Send").click()
    said = "cat.jpg was not uploaded. Retry or remove it."
    assert field.element.evaluate(MESSAGE) == said
    assert not field.element.evaluate("field => field.validity.valueMissing")
    assert field.page.evaluate(FOCUSED) == "Retry cat.jpg"
    field.page.unroute("**/v1/uploads")
    field.page.keyboard.press("Enter")
    expect(field.status("cat.jpg")).to_have_text("Uploaded · 5 bytes")
    assert field.element.evaluate(MESSAGE) == ""
    field.hold_storage()
    field.add(1)
    field.button("Cancel 0.bin").click()
    expect(field.row("0.bin")).to_have_attribute("data-state", "aborted")
    assert field.element.evaluate("field => field.validity.valid")


def test_many_files_that_failed_are_removed_at_once(open_page: Open) -> None:
    """A dropped folder has files that nobody wants: one press removes what was refused, and the form can be sent."""
    field = open_page("multiple accept=.txt")
    field.add(150)
    field.pick(payload("good.txt"))
    said = "0.bin and 149 more files were not uploaded. Remove them to continue."
    expect(field.page.get_by_text("1 of 151 files uploaded · 150 not uploaded")).to_be_visible()
    field.page.wait_for_function(f"document.querySelector('valet-upload').validationMessage === '{said}'")
    field.button("Remove failed").click()
    expect(field.rows).to_have_count(1)
    field.page.wait_for_function("document.querySelector('valet-upload').validity.valid")
    expect(field.button("Choose files")).to_be_focused()


def test_dropped_and_pasted_files_are_taken(open_page: Open) -> None:
    """A drop on the element and a paste anywhere on the page add files; a paste into a text field does not."""
    field = open_page()
    transfer = field.page.evaluate_handle(TRANSFER, [{"name": "dropped.txt", "size": 3, "type": "text/plain"}])
    field.element.dispatch_event("dragenter", {"dataTransfer": transfer})
    expect(field.page.get_by_text("Drop to upload")).to_be_visible()
    field.element.dispatch_event("drop", {"dataTransfer": transfer})
    expect(field.status("dropped.txt")).to_have_text("Uploaded · 3 bytes")
    paste = """(target, file) => target.dispatchEvent(new ClipboardEvent("paste", {
      bubbles: true, cancelable: true, composed: true,
      clipboardData: (() => { const t = new DataTransfer(); t.items.add(new File(["x"], file)); return t; })() }))"""
    field.page.evaluate("document.querySelector('form').prepend(document.createElement('textarea'))")
    field.page.locator("textarea").evaluate(paste, "typed.txt")
    field.page.locator("h1").evaluate(paste, "pasted.txt")
    expect(field.status("pasted.txt")).to_have_text("Uploaded · 1 byte")
    expect(field.rows).to_have_count(2)


def test_a_folder_is_taken_with_all_that_is_in_it(open_page: Open, tmp_path: Path) -> None:
    """A picked folder's files are listed with their paths."""
    (tmp_path / "trip" / "day").mkdir(parents=True)
    (tmp_path / "trip" / "a.txt").write_text("a")
    (tmp_path / "trip" / "day" / "b.txt").write_text("bb")
    field = open_page("multiple folders")
    with field.page.expect_file_chooser() as chooser:
        field.button("Choose a folder").click()
    chooser.value.set_files(tmp_path / "trip")
    expect(field.status("trip/a.txt")).to_have_text("Uploaded · 1 byte")
    expect(field.status("trip/day/b.txt")).to_have_text("Uploaded · 2 bytes")
    assert {field.upload(one)["path"] for one in field.value()} == {"trip/a.txt", "trip/day/b.txt"}


def test_a_list_that_scrolls_says_so_and_is_reached_by_keyboard(open_page: Open) -> None:
    """It fades where there is more, is a region with a name then, and keys move it; a short one is none of this."""
    field = open_page()
    field.add(2)
    expect(field.status("1.bin")).to_have_text("Uploaded · 10 bytes")
    area = field.page.locator("valet-upload [part=list]")
    region = field.page.get_by_role("region", name="Files")
    expect(region).to_have_count(0)
    assert area.get_attribute("tabindex") is None
    field.element.evaluate("""field => field.add(Array.from({ length: 20 }, (_, index) =>
      new File(["x"], `more ${index}.bin`)))""")
    expect(field.page.get_by_text("22 of 22 files uploaded")).to_be_visible()
    expect(region).to_have_attribute("data-below", "")
    expect(region).not_to_have_attribute("data-above", "")
    assert "transparent" in area.evaluate("area => getComputedStyle(area).maskImage") or "rgba(0, 0, 0, 0)" in (
        area.evaluate("area => getComputedStyle(area).maskImage")
    )
    field.button("Clear finished").focus()
    field.page.keyboard.press("Tab")
    expect(region).to_be_focused()
    field.assert_accessible()
    field.page.keyboard.press("End")
    expect(region).to_have_attribute("data-above", "")
    expect(region).not_to_have_attribute("data-below", "")
    field.button("Clear finished").click()
    expect(field.rows).to_have_count(0)
    expect(region).to_have_count(0)


def test_a_file_is_paused_resumed_cancelled_and_tried_again_by_keyboard(open_page: Open) -> None:
    """Every step has a button that tells the file's name, the focus stays at it, and never falls to the page."""
    field = open_page()
    focused = "document.activeElement.shadowRoot?.activeElement?.getAttribute('aria-label') ?? null"
    keys = field.page.keyboard
    release = field.hold_storage()
    field.add(1)
    expect(field.status("0.bin")).to_have_text("0 bytes of 10 bytes")
    field.button("Pause 0.bin").focus()
    keys.press("Enter")
    expect(field.status("0.bin")).to_have_text("Paused at 0%")
    assert field.page.evaluate(focused) == "Resume 0.bin"
    keys.press("Space")
    expect(field.button("Pause 0.bin")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    expect(field.status("0.bin")).to_have_text("Cancelled")
    assert field.page.evaluate(focused) == "Remove 0.bin from the list"
    release()
    keys.press("Shift+Tab")
    assert field.page.evaluate(focused) == "Retry 0.bin"
    keys.press("Enter")
    expect(field.status("0.bin")).to_have_text("Uploaded · 10 bytes")
    assert field.page.evaluate(focused) == "Remove 0.bin from the list"
    field.add(1, 20)
    expect(field.rows.nth(1)).to_have_attribute("data-state", "confirmed")
    keys.press("Enter")
    expect(field.rows).to_have_count(1)
    assert field.page.evaluate(focused) == "Remove 0.bin from the list"
    keys.press("Enter")
    expect(field.rows).to_have_count(0)
    expect(field.button("Choose files")).to_be_focused()


def test_what_the_service_refuses_is_said(open_page: Open) -> None:
    """A lie about the type is rejected with its reason, an empty file has its own words, neither is in the value; where
    the rules of the profile cannot be had, the service refuses what is wrong itself."""
    field = open_page("multiple profile=images")
    field.page.route("**/v1/profiles/images", lambda route: route.abort("connectionrefused"))
    field.pick(
        payload("photo.png", b"%PDF-1.7 no image at all", "image/png"),
        payload("empty.png", b"", "image/png"),
        payload("notes.txt"),
    )
    expect(field.status("photo.png")).to_have_text("The content does not match the file name")
    expect(field.status("empty.png")).to_have_text("The file is empty")
    expect(field.status("notes.txt")).to_have_text("The service does not accept this kind of file")
    expect(field.button("Retry notes.txt")).to_have_count(0)
    assert field.value() == []
    told = field.page.evaluate("told")
    assert ["valet-error", "photo.png", "rejected"] in told
    assert told[-1] == ["valet-finished", None, None]


def test_what_the_element_refuses_is_said(open_page: Open) -> None:
    """`accept`, `max-size` and `max-files` are kept without a call to the service."""
    field = open_page("multiple accept='image/*,.pdf' max-size=1000 max-files=3")
    field.pick(payload("a.txt"), payload("b.pdf"), payload("c.pdf", b"x" * 1001), payload("d.pdf"))
    expect(field.status("a.txt")).to_have_text("This kind of file is not accepted here")
    expect(field.status("b.pdf")).to_have_text("Uploaded · 5 bytes")
    expect(field.status("c.pdf")).to_have_text("Too large: at most 1 kB")
    expect(field.page.get_by_role("alert")).to_have_text("At most 3 files. 1 file was left out.")
    expect(field.rows).to_have_count(3)


def test_a_new_file_takes_the_place_of_the_old_without_multiple(open_page: Open) -> None:
    """Without `multiple` there is one file: the last."""
    field = open_page("")
    field.pick(payload("first.txt"))
    expect(field.status("first.txt")).to_have_text("Uploaded · 5 bytes")
    field.pick(payload("second.txt"))
    expect(field.status("second.txt")).to_have_text("Uploaded · 5 bytes")
    expect(field.rows).to_have_count(1)
    assert len(field.value()) == 1


def test_a_file_that_vanishes_is_said(open_page: Open, tmp_path: Path) -> None:
    """A file that is deleted between picking and sending fails with a sentence, and the page goes on."""
    gone = tmp_path / "gone.bin"
    gone.write_bytes(b"x" * 1000)
    field = open_page()
    pattern = re.compile("/v1/uploads$")
    held: list[Route] = []
    field.page.route(pattern, lambda route: held.append(route))  # noqa: PLW0108 - playwright marks what it calls
    with field.page.expect_file_chooser() as chooser:
        field.button("Choose files").click()
    with field.page.expect_request(pattern):
        chooser.value.set_files(gone)
    expect(field.rows).to_have_count(1)
    gone.unlink()
    field.page.wait_for_timeout(100)
    held[0].continue_()
    field.page.unroute(pattern)
    expect(field.status("gone.bin")).to_have_text("The file was changed, moved or deleted. Choose it again")
    field.pick(payload("other.txt"))
    expect(field.status("other.txt")).to_have_text("Uploaded · 5 bytes")


def test_a_service_that_is_away_is_waited_for(open_page: Open) -> None:
    """While nothing answers the file says so and counts down; then it goes on by itself."""
    field = open_page()
    pattern = re.compile("/v1/uploads")
    field.page.route(pattern, lambda route: route.abort("connectionrefused"))
    field.add(1)
    expect(field.status("0.bin")).to_have_text(re.compile(r"No response\. Retrying in \d+ sec"))
    expect(field.page.get_by_role("status")).to_have_text(re.compile("No response. Uploading resumes automatically."))
    field.page.unroute(pattern)
    expect(field.status("0.bin")).to_have_text("Uploaded · 10 bytes")


def test_a_name_is_text_however_it_looks(open_page: Open) -> None:
    """Markup in a name is shown as it is, and a very long name keeps its ending in sight."""
    field = open_page()
    evil = "<img src=x onerror=document.title='pwned'>.txt"
    long = "n" * 240 + ".tar.gz"
    field.element.evaluate("(field, names) => field.add(names.map((name) => new File(['x'], name)))", [evil, long])
    expect(field.rows).to_have_count(2)
    expect(field.rows.first.locator("[part=name]")).to_have_text(evil)
    expect(field.rows.first.locator("[part=status]")).to_have_text("Uploaded · 1 byte")
    assert field.page.title() == "An application"
    box = field.rows.nth(1).locator("[part=name]").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= field.page.viewport_size["width"]  # type: ignore[index]


def test_ten_thousand_files_leave_the_page_usable(open_page: Open) -> None:
    """A hundred rows are shown; once they are, no frame waits for long; and the list is cleared at once."""
    field = open_page()
    field.element.evaluate("""() => { window.files = Array.from({ length: 10000 }, (_, index) =>
        new File(["x"], `${index}.bin`, { lastModified: index }));
      window.longest = 0; let last = performance.now();
      const frame = (now) => { longest = Math.max(longest, now - last); last = now; requestAnimationFrame(frame); };
      requestAnimationFrame(frame); }""")
    began = time.monotonic()
    field.element.evaluate("field => field.add(files)")
    expect(field.page.get_by_text("0 of 10,000 files uploaded")).to_be_visible()
    expect(field.page.get_by_text("and 9,900 more")).to_be_visible()
    assert time.monotonic() - began < 60
    assert field.rows.count() == 100
    field.page.evaluate("longest = 0")
    field.page.wait_for_function("document.querySelector('valet-upload').value.length >= 30")
    field.button("Pause all").click()
    expect(field.button("Resume all")).to_be_visible()
    assert field.page.evaluate("longest") < 15_000  # milliseconds, on machines that do other things, too
    field.button("Cancel all").click()
    field.button("Clear finished").click()
    expect(field.rows).to_have_count(0)


def test_a_change_is_told_when_there_is_one(open_page: Open) -> None:
    """A listener that sets attributes when it is told of a change is not told of that again."""
    field = open_page()
    field.element.evaluate("""field => { window.changes = 0;
      field.addEventListener("valet-change", () => { changes++; field.required = !field.required; }); }""")
    field.element.evaluate("field => { field.name = 'other' }")
    field.page.wait_for_timeout(200)
    assert field.page.evaluate("changes") == 0
    field.add(1)
    expect(field.status("0.bin")).to_have_text("Uploaded · 10 bytes")
    field.page.wait_for_timeout(200)
    assert 1 < field.page.evaluate("changes") <= 6


def test_a_reset_form_and_a_disabled_one(open_page: Open) -> None:
    """Resetting the form empties the field; in a disabled fieldset nothing can be added or pressed."""
    field = open_page()
    field.pick(payload("a.txt"))
    expect(field.status("a.txt")).to_have_text("Uploaded · 5 bytes")
    field.page.evaluate("document.querySelector('form').reset()")
    expect(field.rows).to_have_count(0)
    assert field.page.evaluate("[...new FormData(document.querySelector('form')).keys()]") == []
    field.element.evaluate("field => { field.disabled = true }")
    expect(field.button("Choose files")).to_be_disabled()
    field.add(1)
    expect(field.rows).to_have_count(0)


def test_it_speaks_the_languages(open_page: Open) -> None:
    """`lang` of the element or around it chooses the language, also later; another is added by its messages."""
    field = open_page(language="de-CH")
    field.add(1)
    expect(field.status("0.bin")).to_have_text("Hochgeladen · 10 Byte")
    for language, choose in {"es-MX": "Elige archivos", "de": "Dateien auswählen"}.items():
        field.page.evaluate("lang => { document.documentElement.lang = lang }", language)
        expect(field.button(choose)).to_be_visible()
    field.page.evaluate("document.querySelector('form').lang = 'zh'")
    expect(field.button("选择文件")).to_be_visible()
    for language, choose in {"zh-CN": "选择文件", "es": "Elige archivos", "fi": "Choose files"}.items():
        field.element.evaluate("(field, lang) => { field.lang = lang }", language)
        expect(field.button(choose)).to_be_visible()
    register = """async () => (await import("/valet-upload.js")).registerTranslation("fi", { choose: "Valitse" })"""
    field.page.evaluate(register)
    expect(field.button("Valitse")).to_be_visible()


def test_metadata_token_and_checksum_go_along(open_page: Open) -> None:
    """`metadata` may be a function of the file, `token` a function, and `checksum` is taken before."""
    field = open_page("multiple checksum=sha256")
    field.element.evaluate("""field => {
      field.metadata = (file) => ({ original: file.name });
      field.token = async () => "vt_p.none"; }""")
    pattern = re.compile("/v1/uploads$")
    with field.page.expect_request(pattern) as sent:
        field.pick(payload("a.txt"))
    assert sent.value.headers["authorization"] == "Bearer vt_p.none"
    body = json.loads(sent.value.post_data or "")
    assert body["metadata"] == {"original": "a.txt"}
    assert body["checksum"] == {"algorithm": "sha256", "value": "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="}
    expect(field.status("a.txt")).to_have_text("You are not allowed to upload here. Reload the page")


@pytest.mark.parametrize(
    ("scheme", "language", "direction", "width"),
    [("light", "en", "ltr", 900), ("dark", "en", "ltr", 900), ("dark", "de", "ltr", 360), ("light", "es", "rtl", 360)],
)
def test_axe_finds_nothing_in_any_state(
    open_page: Open, scheme: str, language: str, direction: str, width: int
) -> None:
    """Empty, dragging, sending, paused, waiting, ended each way: no violation, and the page never scrolls sideways."""
    size = {"width": width, "height": 800}
    field = open_page("multiple folders max-files=6", language, direction, color_scheme=scheme, viewport=size)
    field.assert_accessible()
    transfer = field.page.evaluate_handle(TRANSFER, [{"name": "a.txt", "size": 3, "type": "text/plain"}])
    field.element.dispatch_event("dragenter", {"dataTransfer": transfer})
    field.assert_accessible()
    field.element.dispatch_event("drop", {"dataTransfer": transfer})
    expect(field.rows.first).to_have_attribute("data-state", "confirmed")
    release = field.hold_storage()
    field.element.evaluate("field => { field.setAttribute('max-size', 50) }")
    field.add(2)
    field.add(1, 51)
    problem = json.dumps({"code": "quota_exceeded", "detail": "No more today."})
    field.page.route("**/v1/uploads", lambda route: route.fulfill(status=422, body=problem), times=1)
    field.add(1, 0)
    field.element.evaluate("field => field.add([...'abcde'].map((name) => new File(['x'], name.repeat(80))))")
    expect(field.page.get_by_role("alert")).to_be_visible()
    for state in ("sending", "refused", "failed"):
        expect(field.page.locator(f"valet-upload li[data-state={state}]").first).to_be_visible()
    field.assert_accessible()
    field.element.evaluate("field => field.pauseAll()")
    expect(field.page.locator("valet-upload li[data-state=paused]").first).to_be_visible()
    field.assert_accessible()
    release()
    field.page.route(re.compile("/valetkey-dev|/v1/"), lambda route: route.abort("connectionrefused"))
    field.element.evaluate("field => field.resumeAll()")
    expect(field.page.locator("valet-upload li[data-state=waiting]").first).to_be_visible()
    field.assert_accessible()
    field.element.evaluate("field => field.cancelAll()")
    expect(field.page.locator("valet-upload li[data-state=aborted]").first).to_be_visible()
    field.assert_accessible()
    assert field.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
