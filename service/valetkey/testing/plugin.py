"""valetkey's pytest plugin: the fixture ``valetkey_memory``.

If valetkey is installed, pytest imports this module in every run. Therefore it imports the rest of valetkey only when
the fixture is used: other runs are not slowed down, and coverage measurements are complete.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from valetkey.testing import InMemory

OPTION = "valetkey_app"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option for ``pytest.ini`` or ``pyproject.toml``."""
    parser.addini(OPTION, "the fixture that returns the Flask application for valetkey_memory", default="app")


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
            f"valetkey_memory needs a fixture {name!r} that returns your Flask application. Write one, or name yours "
            f"in pytest's configuration: {OPTION} = ...",
            pytrace=False,
        )
    from valetkey.testing import memory

    with memory(app) as valetkey:
        yield valetkey
