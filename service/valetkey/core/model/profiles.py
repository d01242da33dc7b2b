"""The profiles of this process, and the rules of uploads, whichever process granted them."""

from collections.abc import Mapping

from valetkey.core.errors import RulesUnknown, UnknownProfile
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import UNREADABLE, Rules
from valetkey.core.model.upload import Upload


class Profiles:
    """All access to profiles. An upload's own rules take precedence, as its profile may have changed or be gone; only
    uploads of older versions have none."""

    def __init__(self, profiles: Mapping[str, Profile]) -> None:
        self._profiles = profiles

    def named(self, name: str) -> Profile:
        """The profile that new uploads of this name are under. Raises `UnknownProfile`."""
        profile = self._profiles.get(name)
        if profile is None:
            raise UnknownProfile(f"There is no profile {name[:100]!r}.", "/profile")
        return profile

    def all(self) -> list[Profile]:
        """All profiles of this process."""
        return list(self._profiles.values())

    def rules_of(self, upload: Upload) -> Rules:
        """The rules that ``upload`` was granted under. Raises `RulesUnknown` if they cannot be determined."""
        rules = upload.rules or self._profile_of(upload).rules
        if rules is UNREADABLE:
            raise RulesUnknown(f"The rules of upload {upload.id} were stored by a newer version of valetkey.")
        return rules

    def final_key(self, upload: Upload, pin: int) -> str:
        """The final key of the ``pin``-th pin. Raises like `rules_of`.

        Each pin has its own key, which only the process that made the pin writes, so a late copy cannot change bytes
        that another process confirmed.
        """
        key = upload.key or self._profile_of(upload).object_key(
            upload.id, upload.filename, upload.owner, upload.created_at
        )
        return key if pin == 1 else key.replace(upload.id, f"{upload.id}-{pin}")

    def return_url(self, upload: Upload) -> str | None:
        """Where to send a browser that S3 redirected back; None if the current profile does not say."""
        profile = self._profiles.get(upload.profile)
        return profile.return_url if profile else None

    def now(self, upload: Upload) -> Profile | None:
        """The current profile of that name; None if there is none any more."""
        return self._profiles.get(upload.profile)

    def prefixes(self) -> set[str]:
        """The prefixes of final keys."""
        return {profile.template.prefix for profile in self._profiles.values()}

    def terms(self) -> dict[str, str]:
        """A description of each profile, by name, which processes of one ledger compare."""
        return {
            name: f"{profile.key} {profile.rules.text}" + (f" in the store {profile.store!r}" if profile.store else "")
            for name, profile in self._profiles.items()
        }

    def _profile_of(self, upload: Upload) -> Profile:
        profile = self._profiles.get(upload.profile)
        if profile is None:
            detail = f"The profile {upload.profile!r} of upload {upload.id} is unknown here."
            raise RulesUnknown(detail)
        return profile
