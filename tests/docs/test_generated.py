"""Generated pages match the code, and are complete."""

import re
import sys
from typing import get_args

from tests.docs.blocks import ROOT, blocks_of

from valetkey.api.codes import REASONS, error_codes
from valetkey.settings import Settings

sys.path.insert(0, str(ROOT / "infra" / "docs"))
import generated

PAGES = ROOT / "service" / "docs"
CLIENT_CODES = ROOT / "frontend" / "client" / "src" / "model" / "errors.ts"


def test_every_code_has_its_cause_and_its_cure() -> None:
    """Those of the API, of rejections and of the browser's client; and none has one that does not exist."""
    known = generated.cures()
    client = CLIENT_CODES.read_text().partition("export type ClientCode =")[2].partition(";")[0]
    assert known["errors"].keys() == error_codes().keys()
    assert known["reasons"].keys() == REASONS.keys()
    assert known["client"].keys() == set(re.findall(r'\| "(\w+)"', client))
    for entry in (entry for table in known.values() for entry in table.values()):
        assert entry.keys() == {"cause", "cure"}
        assert all(text.endswith(".") for text in entry.values())


def test_a_file_of_another_page_is_as_that_page_shows_it() -> None:
    """`testing.md` tests the application of `getting-started.md`, and brings it along, unseen by its readers."""
    started, testing = (
        [block for block in blocks_of((PAGES / page).read_text()) if block.title == "photos.py"]
        for page in ("getting-started.md", "testing.md")
    )
    assert [block.text for block in testing if block.hidden] == [block.text for block in started if not block.hidden]
    assert len(testing) == 1


def test_every_setting_says_what_it_is_and_in_what_unit() -> None:
    """A number without a unit is a riddle; ports have none."""
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert generated.group_of(name)
        counted = {int, float} & {field.annotation, *get_args(field.annotation)}
        assert not counted or name == "port" or field.json_schema_extra, name


def test_the_pages_are_those_that_the_code_makes() -> None:
    """`make docs` writes them anew."""
    assert (PAGES / "settings.md").read_text() == generated.settings_page()
    assert (PAGES / "errors.md").read_text() == generated.errors_page()
