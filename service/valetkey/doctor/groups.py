"""All groups of checks, in the order of the report: another one is a module, and one line here."""

from collections.abc import Sequence

from valetkey.doctor import store
from valetkey.doctor.findings import Group

GROUPS: Sequence[Group] = (store.GROUP,)
