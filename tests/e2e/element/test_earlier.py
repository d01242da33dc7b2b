"""`<valet-upload value="ID ID">`: a form that is shown again with its earlier uploads."""

import pytest
from playwright.sync_api import Route, expect
from tests.e2e.element.field import Field, Open, payload
from tests.support.pages import Site

SENT = "[...new FormData(document.querySelector('form')).getAll('files')]"
NOWHERE = "01a21a44-8d15-70b4-b5c1-d8691bdbbabc"


@pytest.fixture
def ids(open_page: Open) -> list[str]:
    """Two files that are uploaded on an earlier page."""
    field = open_page()
    field.pick(payload("a.txt"), payload("b.txt", b"other"))
    for name in ("a.txt", "b.txt"):
        expect(field.status(name)).to_have_text("Uploaded · 5 bytes")
    return field.value()


def sent(field: Field) -> list[str]:
    found: list[str] = field.page.evaluate(SENT)
    return found


@pytest.mark.parametrize(
    ("scheme", "language", "direction", "width"),
    [("light", "en", "ltr", 900), ("dark", "de", "ltr", 360), ("light", "es", "rtl", 360), ("dark", "zh", "ltr", 900)],
)
def test_it_is_listed_as_done_and_sent_again(
    open_page: Open, site: Site, ids: list[str], *, scheme: str, language: str, direction: str, width: int
) -> None:
    """In every language, light and dark, wide and narrow; axe finds nothing. What is no upload is not sent."""
    size = {"width": width, "height": 800}
    value = f"{ids[1]},{NOWHERE} &lt;b&gt; {ids[0]}"
    field = open_page(f'multiple required value="{value}"', language, direction, color_scheme=scheme, viewport=size)
    expect(field.rows).to_have_count(2)
    expect(field.rows.first).to_contain_text("b.txt")
    for row in field.rows.all():
        expect(row).to_have_attribute("data-state", "confirmed")
    field.assert_accessible()
    assert sent(field) == field.value() == [ids[1], ids[0]]
    assert field.element.evaluate("field => field.validity.valid")
    field.page.locator("form > button").click()
    expect(field.page).to_have_title("taken")
    assert site.posted[-1] == f"files={ids[1]}&files={ids[0]}".encode()


def test_it_is_removed_by_keyboard_and_comes_back_with_a_reset(open_page: Open, ids: list[str]) -> None:
    """The focus goes on to the next row; a required field that has lost its last one is empty."""
    field = open_page(f'multiple required value="{ids[0]} {ids[1]}"')
    expect(field.rows).to_have_count(2)
    field.button("Remove a.txt from the list").focus()
    field.page.keyboard.press("Enter")
    expect(field.rows).to_have_count(1)
    expect(field.button("Remove b.txt from the list")).to_be_focused()
    assert sent(field) == [ids[1]]
    field.page.keyboard.press("Enter")
    expect(field.rows).to_have_count(0)
    assert sent(field) == []
    assert field.element.evaluate("field => field.validity.valueMissing")
    field.page.evaluate("document.querySelector('form').reset()")
    expect(field.rows).to_have_count(2)
    assert sent(field) == ids


def test_it_is_told_once_that_they_are_there(open_page: Open, ids: list[str]) -> None:
    """Screen readers hear of it; scripts hear of a change of the value, and of no upload that was confirmed now."""
    field = open_page(f'multiple value="{ids[0]} {ids[1]}"')
    expect(field.page.locator("valet-upload [role=status]")).to_have_text("2 files are uploaded already.")
    assert field.page.evaluate("told") == []
    items = field.element.evaluate("field => field.items.map(({ id, state }) => [id, state])")
    assert items == [[one, "confirmed"] for one in ids]


def test_a_field_for_one_file_replaces_it(open_page: Open, ids: list[str]) -> None:
    """Of several ids it takes the first."""
    field = open_page(f'value="{ids[0]} {ids[1]}"')
    expect(field.rows).to_have_count(1)
    assert sent(field) == [ids[0]]
    field.pick(payload("c.txt"))
    expect(field.status("c.txt")).to_have_text("Uploaded · 5 bytes")
    expect(field.rows).to_have_count(1)
    assert ids[0] not in sent(field)


def test_a_script_sets_it(open_page: Open, ids: list[str]) -> None:
    """As a property, as frameworks do; what it names no more goes."""
    field = open_page("multiple max-files=2")
    field.element.evaluate("(field, ids) => { field.value = ids }", ids)
    expect(field.rows).to_have_count(2)
    field.add(1)
    expect(field.page.get_by_role("alert")).to_contain_text("At most 2 files")
    field.element.evaluate("(field, ids) => { field.value = ids[1] }", ids)
    expect(field.rows).to_have_count(1)
    assert sent(field) == [ids[1]]


def test_nobody_answers(open_page: Open, ids: list[str]) -> None:
    """They stay in the form, which says so; when the page is looked at again they are looked up."""
    field = open_page("multiple required")
    field.page.route("**/v1/uploads/*", _unavailable)
    field.element.evaluate("(field, ids) => { field.value = ids }", ids)
    expect(field.page.get_by_role("alert")).to_contain_text("2 files that were uploaded before could not be looked up")
    assert sent(field) == field.value() == ids
    assert field.element.evaluate("field => field.validity.valid")
    field.assert_accessible()
    field.page.unroute("**/v1/uploads/*")
    field.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(field.rows).to_have_count(2)
    expect(field.page.get_by_role("alert")).to_have_count(0)


def _unavailable(route: Route) -> None:
    route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"})
