"""The pytest plugin that comes with valetkey: the fixture ``valetkey_memory``.

pytest imports this module in every run where valetkey is installed, so it imports nothing of ours before the fixture is
asked for: who does not use it waits for nothing, and whoever measures coverage misses nothing.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from valetkey.testing import InMemory

OPTION = "valetkey_app"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The one option, in ``pytest.ini`` or ``pyproject.toml``."""
    parser.addini(OPTION, "the fixture that gives the Flask application for valetkey_memory", default="app")


@pytest.fixture
def valetkey_memory(request: pytest.FixtureRequest) -> Iterator["InMemory"]:
    """valetkey in memory, in the place of what is mounted in the application that the fixture ``app`` gives (or the one
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
