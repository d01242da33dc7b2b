"""The contract of ledgers for API keys."""

from dataclasses import replace

import pytest

from valetkey.core.access.api_keys import Scope, new_key
from valetkey.core.errors import LedgerUnavailable
from valetkey.testing.contracts.samples import MICROSECOND, NOW, Record


class KeyRingContract:
    """What every record of API keys must keep. A fixture ``ledger`` gives an empty one."""

    def test_keys_come_back(self, ledger: Record) -> None:
        """One by its id, all of them the oldest first."""
        old, _ = new_key("größe", NOW)
        new, _ = new_key("shop", NOW + MICROSECOND)
        ledger.add_key(new)
        ledger.add_key(old)
        assert ledger.get_key(old.id) == old
        assert ledger.get_key("0" * 12) is None
        assert ledger.list_keys() == [old, new]

    def test_a_key_is_added_once(self, ledger: Record) -> None:
        """An id that is taken is refused, and the key that has it stays as it was."""
        key, _ = new_key("shop", NOW)
        ledger.add_key(key)
        with pytest.raises(LedgerUnavailable):
            ledger.add_key(replace(key, name="mall"))
        assert ledger.list_keys() == [key]

    def test_keys_are_revoked(self, ledger: Record) -> None:
        """For good, with the date of the first time; an unknown one is told."""
        key, _ = new_key("shop", NOW)
        other, _ = new_key("mall", NOW)
        ledger.add_key(key)
        ledger.add_key(other)
        assert ledger.revoke_key(key.id, NOW)
        assert ledger.revoke_key(key.id, NOW + MICROSECOND)
        assert ledger.get_key(key.id) == replace(key, revoked_at=NOW)
        assert ledger.get_key(other.id) == other
        assert not ledger.revoke_key("0" * 12, NOW)

    def test_a_key_keeps_its_scope(self, ledger: Record) -> None:
        """An ordinary key, and a scanner's."""
        made = [new_key("shop", NOW)[0], new_key("scanner", NOW, Scope.VERDICT)[0]]
        for key in made:
            ledger.add_key(key)
        assert [ledger.get_key(key.id) for key in made] == made
        assert {key.scope for key in ledger.list_keys()} == set(Scope)
