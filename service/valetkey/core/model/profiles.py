"""The profiles of this process, and what they say of uploads, wherever these were granted."""

from collections.abc import Mapping

from valetkey.core.errors import RulesUnknown, UnknownProfile
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import UNREADABLE, Rules
from valetkey.core.model.upload import Upload


class Profiles:
    """Every look at a profile goes through here. An upload's own rules come first: its profile may be another by now,
    or be gone; only uploads of older versions have none."""

    def __init__(self, profiles: Mapping[str, Profile]) -> None:
        self._profiles = profiles

    def named(self, name: str) -> Profile:
        """The profile that new uploads of this name are under. Raises `UnknownProfile`."""
        profile = self._profiles.get(name)
        if profile is None:
            raise UnknownProfile(f"There is no profile {name[:100]!r}.", "/profile")
        return profile

    def all(self) -> list[Profile]:
        """Every profile that there is here."""
        return list(self._profiles.values())

    def rules_of(self, upload: Upload) -> Rules:
        """The rules that ``upload`` was granted by. Raises `RulesUnknown` where nobody can say them any more."""
        rules = upload.rules or self._profile_of(upload).rules
        if rules is UNREADABLE:
            raise RulesUnknown(f"The rules of upload {upload.id} were kept by a newer version of valetkey.")
        return rules

    def final_key(self, upload: Upload, pin: int) -> str:
        """Where the bytes of the ``pin``-th pin go when they are confirmed. Raises like `rules_of`.

        Each pin has a key of its own, which only the one who made the pin writes: so no copy that comes late can change
        what another one confirmed.
        """
        key = upload.key or self._profile_of(upload).object_key(
            upload.id, upload.filename, upload.owner, upload.created_at
        )
        return key if pin == 1 else key.replace(upload.id, f"{upload.id}-{pin}")

    def return_url(self, upload: Upload) -> str | None:
        """Where a browser goes that S3 has sent back, if the profile says so now."""
        profile = self._profiles.get(upload.profile)
        return profile.return_url if profile else None

    def now(self, upload: Upload) -> Profile | None:
        """The profile of that name as it is now; None where there is none any more."""
        return self._profiles.get(upload.profile)

    def prefixes(self) -> set[str]:
        """What the final keys begin with."""
        return {profile.template.prefix for profile in self._profiles.values()}

    def terms(self) -> dict[str, str]:
        """What each profile means, as text, by name: what processes of one ledger compare."""
        return {
            name: f"{profile.key} {profile.rules.text}" + (f" in the store {profile.store!r}" if profile.store else "")
            for name, profile in self._profiles.items()
        }

    def _profile_of(self, upload: Upload) -> Profile:
        profile = self._profiles.get(upload.profile)
        if profile is None:
            detail = f"Nothing is known here of the profile {upload.profile!r}, which upload {upload.id} is of."
            raise RulesUnknown(detail)
        return profile
