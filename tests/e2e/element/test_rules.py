"""The profile's rules in `<valet-upload>`: fetched once, checked before a request, and never in the way."""

import re

from playwright.sync_api import Request, expect
from tests.e2e.element.field import Field, Open, payload

PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
REFUSED = "This kind of file is not accepted here"
CREATIONS = re.compile("/v1/uploads(/batch)?$")


def calls(field: Field) -> list[Request]:
    """The requests to the service from now on."""
    found: list[Request] = []
    field.page.on("request", lambda request: found.append(request) if "/v1/" in request.url else None)
    return found


def created(found: list[Request]) -> list[str]:
    """The bodies of those that asked for uploads."""
    return [request.post_data or "" for request in found if CREATIONS.search(request.url) and request.method == "POST"]


def test_a_wrong_file_is_refused_before_it_is_asked_for(open_page: Open) -> None:
    """By type, also by that of its name, and by size; what is right goes. The dialogue offers the profile's types."""
    field = open_page("multiple profile=small-images")
    found = calls(field)
    field.pick(
        payload("a.png", PNG, "image/png"),
        payload("notes.txt"),
        payload("large.png", PNG * 20, "image/png"),
        payload("tiny.png", b"x", "image/png"),
        payload("empty.png", b"", "image/png"),
        payload("IMG.HEIC", PNG, ""),
    )
    expect(field.status("a.png")).to_have_text("Uploaded · 58 bytes")
    expect(field.status("IMG.HEIC")).to_have_text("Uploaded · 58 bytes")
    expect(field.status("notes.txt")).to_have_text(REFUSED)
    expect(field.status("large.png")).to_have_text("Too large: at most 1 kB")
    expect(field.status("tiny.png")).to_have_text("Too small: at least 10 bytes")
    expect(field.status("empty.png")).to_have_text("The file is empty")
    [body] = created(found)
    assert "a.png" in body
    assert "IMG.HEIC" in body
    assert not re.search("notes|large|tiny|empty", body)
    told = field.page.evaluate("told")
    assert ["valet-error", "notes.txt", "refused"] in told
    assert len([one for one in found if "/v1/profiles" in one.url and one.method == "GET"]) == 1
    offered = field.page.locator("valet-upload input[type=file]").first
    expect(offered).to_have_attribute("accept", "image/*")


def test_a_program_that_adds_files_at_once_is_told_the_same(open_page: Open) -> None:
    """Nobody has touched the page before: the files are in the list, wait for the rules, and go or are refused."""
    field = open_page("multiple profile=images")
    found = calls(field)
    states = field.element.evaluate("""(field) => {
      field.add([new File(["x"], "a.txt", { type: "text/plain" }), new File(["x"], "b.png", { type: "image/png" })]);
      return [field.items.map(({ state }) => state), field.validity.customError]; }""")
    assert states[0] == ["queued", "queued"]
    expect(field.status("a.txt")).to_have_text(REFUSED)
    expect(field.row("b.png")).to_have_attribute("data-state", "rejected")  # the store has it, and it is no image
    assert len(created(found)) == 1


def test_the_attribute_narrows_the_profile(open_page: Open) -> None:
    """A file has to pass both; the dialogue offers what the attribute says."""
    field = open_page("multiple profile=small-images accept='.png,text/plain'")
    field.pick(payload("a.png", PNG, "image/png"), payload("b.jpg", PNG, "image/jpeg"), payload("c.txt", PNG))
    expect(field.status("a.png")).to_have_text("Uploaded · 58 bytes")
    expect(field.status("b.jpg")).to_have_text(REFUSED)
    expect(field.status("c.txt")).to_have_text(REFUSED)
    offered = field.page.locator("valet-upload input[type=file]").first
    expect(offered).to_have_attribute("accept", ".png,text/plain")


def test_one_ticket_is_got_for_the_rules_and_the_first_upload(open_page: Open) -> None:
    """The page names no profile: the rules are those of the ticket's own, and nobody asks for a second ticket."""
    field = open_page("multiple")
    new = field.page.request.post(f"{field.endpoint}/v1/tickets", data={"profile": "small-images", "owner": "ann"})
    field.element.evaluate(
        "(field, ticket) => { window.asked = 0; field.token = async () => (window.asked++, ticket); }",
        new.json()["ticket"],
    )
    assert field.page.evaluate("asked") == 0
    found = calls(field)
    field.pick(payload("a.png", PNG, "image/png"), payload("notes.txt"))
    expect(field.status("a.png")).to_have_text("Uploaded · 58 bytes")
    expect(field.status("notes.txt")).to_have_text(REFUSED)
    assert field.page.evaluate("asked") == 1
    assert field.upload(field.value()[0])["profile"] == "small-images"
    assert "notes" not in created(found)[0]


def test_rules_that_do_not_come_stop_nothing(open_page: Open) -> None:
    """A service that says nothing about its profiles, for two seconds, or that it knows none: files go without."""
    field = open_page("multiple")
    field.page.route("**/v1/profiles", lambda route: None)  # it is never answered
    field.pick(payload("a.txt"))
    expect(field.status("a.txt")).to_have_text("Queued")
    expect(field.status("a.txt")).to_have_text("Uploaded · 5 bytes")
    field.page.unroute("**/v1/profiles")
    older = open_page("multiple")
    older.page.route("**/v1/profiles", lambda route: route.fulfill(status=404, body="{}"))
    older.pick(payload("b.txt"))
    expect(older.status("b.txt")).to_have_text("Uploaded · 5 bytes")


def test_a_file_that_waits_can_be_cancelled(open_page: Open) -> None:
    """It is never asked for then."""
    field = open_page("multiple")
    field.page.route("**/v1/profiles", lambda route: None)
    found = calls(field)
    field.pick(payload("a.txt"), payload("b.txt"))
    field.button("Cancel a.txt").click()
    expect(field.rows).to_have_count(1)
    expect(field.status("b.txt")).to_have_text("Uploaded · 5 bytes")
    assert len(field.value()) == 1
    assert "a.txt" not in "".join(created(found))


def test_an_empty_file_is_uploaded_also_where_files_go_in_parts(open_page: Open) -> None:
    """By one request: there is no part of nothing."""
    for profile in ("default", "parts"):
        field = open_page(f"multiple profile={profile}")
        field.pick(payload("empty.txt", b""))
        expect(field.status("empty.txt")).to_have_text("Uploaded · 0 bytes")
        upload = field.upload(field.value()[0])
        assert (upload["state"], upload["object"]["size"]) == ("confirmed", 0)
