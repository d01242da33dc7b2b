"""What several tests of infra/ share: images, as they take minutes."""

from collections.abc import Iterator

import pytest
from tests.images.containers import DOCKER, IMAGE, Store, running_store


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    """Containers of this run, and valetkey's image."""
    with running_store() as store:
        store.build(IMAGE, DOCKER / "Dockerfile")
        yield store
