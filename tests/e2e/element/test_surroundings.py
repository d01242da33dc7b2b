"""`<valet-upload>` on pages that hide or move it."""

from playwright.sync_api import expect
from tests.e2e.element.field import Open

PASTE = """(target, name) => {
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File(["x"], name));
  target.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true, composed: true, clipboardData }));
}"""


def test_a_paste_goes_to_the_field_that_can_be_seen(open_page: Open) -> None:
    """Of two fields, one of them in a tab that is not shown or under a dialogue, a pasted file goes to the other: it
    went to the first of the page, where nobody saw it, and with the form."""
    field = open_page()
    for state in ("hidden", "inert"):
        field.page.evaluate(
            """(state) => {
              const before = document.createElement("div");
              before.setAttribute(state, "");
              before.append(document.querySelector("form > valet-upload").cloneNode());
              document.body.prepend(before);
            }""",
            state,
        )
    field.page.locator("h1").evaluate(PASTE, "pasted.txt")
    rows = field.page.locator("form > valet-upload li")
    expect(rows).to_have_count(1)
    assert field.page.evaluate("[...document.querySelectorAll('div > valet-upload')].map((f) => f.items.length)") == [
        0,
        0,
    ]


def test_it_keeps_its_looks_and_its_files_in_another_document(open_page: Open) -> None:
    """A page that moves it into a frame, as editors do and windows for pictures in pictures, finds it styled as before:
    browsers take the style sheets off what another document adopts."""
    field = open_page()
    field.add(1)
    expect(field.rows).to_have_count(1)
    colour = "getComputedStyle(field.shadowRoot.querySelector('.choose')).backgroundColor"
    before = field.element.evaluate(f"(field) => {colour}")
    frame = """(field) => {
      const frame = document.createElement("iframe");
      document.body.append(frame);
      frame.contentDocument.body.append(field);
      const seen = [%s, field.items.length];
      document.querySelector("form").prepend(field);
      return [...seen, %s, field.items.length];
    }"""
    assert field.element.evaluate(frame % (colour, colour)) == [before, 1, before, 1]
    expect(field.status("0.bin")).to_have_text("Uploaded · 10 bytes")


def test_it_heeds_the_document_it_is_in(open_page: Open) -> None:
    """In a frame it takes what is pasted there, but into no field of text, and speaks the frame's language; what is
    pasted into the page that it has left is not for it."""
    field = open_page()
    field.element.evaluate(
        """(field) => {
          const frame = document.createElement("iframe");
          document.body.append(frame);
          const { body } = frame.contentDocument;
          body.innerHTML = "<h2></h2><textarea></textarea>";
          body.append(field);
        }"""
    )
    frame = field.page.frame_locator("iframe")
    rows = frame.locator("valet-upload li")
    field.page.locator("h1").evaluate(PASTE, "elsewhere.txt")
    frame.locator("textarea").evaluate(PASTE, "typed.txt")
    frame.locator("h2").evaluate(PASTE, "pasted.txt")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("pasted.txt")
    frame.locator("html").evaluate("(html) => html.setAttribute('lang', 'de')")
    expect(frame.get_by_role("button", name="Datei")).to_be_visible()
