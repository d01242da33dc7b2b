"""Applications in this process, as the integration tests have them."""

from tests.integration.conftest import mount, settings

__all__ = ["mount", "settings"]
