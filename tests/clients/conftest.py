"""The service that generated clients call is that of the end-to-end tests, on Ceph RGW."""

from tests.e2e.conftest import service

__all__ = ["service"]
