"""The contract of ledgers for declarations: each process gets the earlier ones, however many start at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from valetkey.core.granting.declaration import declare
from valetkey.core.model.profile import Profile
from valetkey.core.model.profiles import Profiles
from valetkey.core.ports.ledger import Declared, Ledger
from valetkey.testing.contracts.samples import NOW, KeyedLedger

MINUTE = timedelta(minutes=1)


class DeclarationContract:
    """What every ledger must store about profiles. A fixture ``ledger`` provides an empty one."""

    def test_what_was_said_before_comes_back(self, ledger: KeyedLedger) -> None:
        """The latest declaration of each name, with its time. Names that are not declared again are kept."""
        assert ledger.declare({"default": "a", "avatar": "b"}, NOW) == {}
        before = ledger.declare({"default": "c"}, NOW + MINUTE)
        assert before == {"default": Declared("a", NOW), "avatar": Declared("b", NOW)}
        after = ledger.declare({}, NOW)
        assert after == {"default": Declared("c", NOW + MINUTE), "avatar": Declared("b", NOW)}

    def test_many_that_start_at_once(self, ledger: KeyedLedger) -> None:
        """None fails or blocks, and of any two processes at least one gets the declaration of the other."""
        names = [f"profile-{number}" for number in range(20)]

        def start(number: int) -> bool:
            return bool(ledger.declare({name: str(number) for name in names[:: 1 if number % 2 else -1]}, NOW))

        with ThreadPoolExecutor(8) as pool:
            heard = list(pool.map(start, range(16)))
        assert heard.count(False) <= 8
        assert set(ledger.declare({}, NOW)) == set(names)

    def test_disagreement_is_a_sentence_each(self, ledger: KeyedLedger) -> None:
        """A profile with another definition, or one that is missing, gives one sentence; a missing one for a week
        only."""
        known: Ledger = ledger
        assert declare(known, Profiles({"a": Profile("a"), "b": Profile("b")}), NOW) == []
        said = declare(known, Profiles({"a": Profile("a", scan=True)}), NOW + MINUTE)
        assert [sentence.split()[1] for sentence in said] == ["'a'", "'b'"]
        assert declare(known, Profiles({"a": Profile("a", scan=True)}), NOW + timedelta(days=8)) == []
