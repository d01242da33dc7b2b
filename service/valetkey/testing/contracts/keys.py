"""The contract of ledgers for API keys."""

from dataclasses import replace

import pytest

from valetkey.core.access.api_keys import Scope, new_key
from valetkey.core.errors import LedgerUnavailable
from valetkey.testing.contracts.samples import MICROSECOND, NOW, KeyedLedger


class KeyRingContract:
    """What every ledger must do with API keys. A fixture ``ledger`` provides an empty one."""

    def test_keys_come_back(self, ledger: KeyedLedger) -> None:
        """One key by its id, or all keys, the oldest first."""
        old, _ = new_key("größe", NOW)
        new, _ = new_key("shop", NOW + MICROSECOND)
        ledger.add_key(new)
        ledger.add_key(old)
        assert ledger.get_key(old.id) == old
        assert ledger.get_key("0" * 12) is None
        assert ledger.list_keys() == [old, new]

    def test_a_key_is_added_once(self, ledger: KeyedLedger) -> None:
        """A duplicate id is refused, and the existing key is unchanged."""
        key, _ = new_key("shop", NOW)
        ledger.add_key(key)
        with pytest.raises(LedgerUnavailable):
            ledger.add_key(replace(key, name="mall"))
        assert ledger.list_keys() == [key]

    def test_keys_are_revoked(self, ledger: KeyedLedger) -> None:
        """Permanently, with the time of the first call; an unknown id returns False."""
        key, _ = new_key("shop", NOW)
        other, _ = new_key("mall", NOW)
        ledger.add_key(key)
        ledger.add_key(other)
        assert ledger.revoke_key(key.id, NOW)
        assert ledger.revoke_key(key.id, NOW + MICROSECOND)
        assert ledger.get_key(key.id) == replace(key, revoked_at=NOW)
        assert ledger.get_key(other.id) == other
        assert not ledger.revoke_key("0" * 12, NOW)

    def test_a_key_keeps_its_scope(self, ledger: KeyedLedger) -> None:
        """Both an ordinary key and a scanner's."""
        made = [new_key("shop", NOW)[0], new_key("scanner", NOW, Scope.VERDICT)[0]]
        for key in made:
            ledger.add_key(key)
        assert [ledger.get_key(key.id) for key in made] == made
        assert {key.scope for key in ledger.list_keys()} == set(Scope)
