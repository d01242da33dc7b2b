"""The pytest plugin that comes with valetkey: the fixture ``valetkey_memory``.

pytest imports this module in every run if valetkey is installed, so it imports nothing of ours before the fixture is
used: other runs are not slowed down, and coverage measurements miss nothing.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from valetkey.testing import InMemory

OPTION = "valetkey_app"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the one option, for ``pytest.ini`` or ``pyproject.toml``."""
    parser.addini(OPTION, "the fixture that gives the Flask application for valetkey_memory", default="app")


@pytest.fixture
def valetkey_memory(request: pytest.FixtureRequest) -> Iterator["InMemory"]:
    """valetkey in memory, which replaces the one mounted in the application of the fixture ``app`` (or of the fixture
    that ``valetkey_app`` names in pytest's configuration)."""
    name = request.config.getini(OPTION)
    try:
        app = request.getfixturevalue(name)
    except pytest.FixtureLookupError as error:
        if error.argname != name:
            raise
        pytest.fail(
            f"valetkey_memory needs a fixture {name!r} that gives your Flask application. Write one, or name yours in "
            f"pytest's configuration: {OPTION} = ...",
            pytrace=False,
        )
    from valetkey.testing import memory

    with memory(app) as valetkey:
        yield valetkey
