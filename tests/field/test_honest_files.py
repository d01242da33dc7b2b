"""Honest files are let in under every type that systems give them, and what pretends is not.

Reported publicly: tables from Windows with Excel refused as ``application/vnd.ms-excel`` (medusajs/medusa pull request
15483, Arize-ai/phoenix pull request 11956); photos of iPhones without a type (transloadit/uppy issue 1604,
pqina/filepond issue 980, baloise/design-system issue 1847).
"""

import pytest
from tests.field.corpus import Sample
from tests.field.corpus_data import DATA
from tests.field.corpus_documents import DOCUMENTS
from tests.field.corpus_lies import DOCUMENT_TYPES, MEDIA_TYPES, PAGES, PROGRAMS, TWO_FACED
from tests.field.corpus_pictures import PICTURES
from tests.field.corpus_sounds import SOUNDS

from valetkey.adapters.magic import MagicDetector
from valetkey.core.content import look_into

DETECTOR = MagicDetector()
CORPUS = [*PICTURES, *SOUNDS, *DOCUMENTS, *DATA]


def test_the_corpus_is_large() -> None:
    """At least 150 files, no two of one name."""
    assert len({one.name for one in CORPUS}) == len(CORPUS) >= 150


@pytest.mark.parametrize("one", CORPUS, ids=lambda one: one.name)
def test_an_honest_file_is_let_in(one: Sample) -> None:
    """Under each of its types, whatever else a profile takes, and by that type alone."""
    refused = [
        (said, allowed, look_into(one.first, said, allowed, DETECTOR).detected)
        for said in one.types
        for allowed in (("*/*",), (said,))
        if not look_into(one.first, said, allowed, DETECTOR).agrees
    ]
    assert refused == []


WIDE_OPEN = ("image/*", "audio/*", "video/*", "text/*", "application/pdf", "application/zip", "font/*")


def believed(content: bytes, types: list[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The types that it is taken for, with what a profile takes then."""
    return [
        (said, allowed)
        for said in types
        for allowed in (("*/*",), (said,), (said, *WIDE_OPEN))
        if look_into(content[:4096], said, allowed, DETECTOR).agrees
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_or_a_script_is_nothing_else(name: str) -> None:
    """However it is written and whatever stands before it: no picture, no film, no document, no unknown type."""
    assert believed(PAGES[name], MEDIA_TYPES) == []
    assert believed(PAGES[name], DOCUMENT_TYPES) == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_nothing_else(name: str) -> None:
    """Under no type but its own and that which says nothing."""
    assert believed(PROGRAMS[name], [*MEDIA_TYPES, *DOCUMENT_TYPES, "text/plain"]) == []


@pytest.mark.parametrize(("name", "content", "types"), TWO_FACED, ids=[name for name, _, _ in TWO_FACED])
def test_two_faces_are_no_face(name: str, content: bytes, types: str) -> None:
    """What is one thing to a browser and another to the next program, or nothing of what it is called."""
    refused = [said for said in types.split() if not look_into(content[:4096], said, ("*/*",), DETECTOR).agrees]
    assert refused == types.split(), name
