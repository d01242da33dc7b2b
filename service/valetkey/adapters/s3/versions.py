"""Removing and listing objects in buckets that may keep deleted or overwritten objects as old versions."""

import logging
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from valetkey.adapters.s3.caller import DELETE, DELETE_MANY
from valetkey.adapters.s3.client import Clients
from valetkey.adapters.s3.errors import available
from valetkey.adapters.s3.heads import once
from valetkey.adapters.s3.pages import pages_of
from valetkey.adapters.s3.traits import Traits
from valetkey.adapters.s3.xml import can_be_named, keys_to_delete
from valetkey.core.errors import ObjectMissing, StoreUnavailable
from valetkey.core.ports.store import MAX_BATCH, OldObject

log = logging.getLogger("valetkey")


def moment_in(item: Mapping[str, Any], name: str) -> datetime:
    """The date that a list says of an item, in UTC where it says no zone; the last one of all where it says none, so
    that what has no age is never old."""
    said: datetime = item.get(name) or datetime.max.replace(tzinfo=UTC)
    return said if said.tzinfo else said.replace(tzinfo=UTC)


class Versions:
    """The objects of one bucket with all of their versions."""

    def __init__(self, clients: Clients, bucket: str, traits: Traits) -> None:
        self._clients = clients
        self._bucket = bucket
        self._traits = traits

    def delete(self, key: str) -> str | None:
        """Removes the object with all of its versions; returns why some of them stay."""
        if not key:  # it would be the bucket that is deleted
            raise ValueError("no key")
        if self._keeps_versions():
            return self._delete_with_versions(key)
        tried = self._traits.batches is None and can_be_named(key)
        if tried and not self._delete_many([key]):
            return None
        self._delete_or_hide(key)
        if tried:  # whatever was said of the batch
            self._traits.batches = False
        if not self._traits.leaves_markers:
            return None
        if self._keeps_versions():  # since when we asked it first
            return self._delete_with_versions(key)
        return "The bucket keeps versions, and does not let them be seen: s3:GetBucketVersioning is missing."

    def _delete_or_hide(self, key: str) -> None:
        with suppress(ObjectMissing), available:  # some stores answer 404
            answer = self._clients.caller().ask(DELETE, key)
            if once(answer.headers, "x-amz-delete-marker") == "true":
                self._traits.seen_marker()

    def _delete_with_versions(self, key: str) -> str | None:
        hidden, kept = self._delete_versions(key)
        if not hidden:
            self._delete_or_hide(key)
        return kept

    def delete_batch(self, keys: Sequence[str]) -> None:
        """As of `ObjectStore`."""
        for start in range(0, len(keys), MAX_BATCH):
            some = keys[start : start + MAX_BATCH]
            together = not self._keeps_versions() and self._traits.batches is not False
            for key in self._delete_many(some) if together else some:
                if kept := self.delete(key):
                    log.info("some of %r stays: %s", key, kept)

    def _delete_many(self, keys: Sequence[str]) -> list[str]:
        """Removes objects of a bucket without versions; returns those that it could not remove so.

        Each key has to be named in the answer: what a store does with DeleteObjects is not believed by its status.
        """
        if not (sent := [key for key in keys if can_be_named(key)]):
            return list(keys)
        try:
            gone = self._named_in_answer(keys_to_delete(sent))
        except (ObjectMissing, StoreUnavailable) as error:
            passes = isinstance(error, StoreUnavailable) and not error.refused
            if passes and self._traits.batches:
                raise
            log.info("objects are removed one by one: %s", error)
            self._traits.batches = None if passes else False  # some answer 500 to what they do not know
            return list(keys)
        left = [key for key in keys if key not in gone]
        self._traits.batches = self._traits.batches or not left
        return left

    def _named_in_answer(self, body: bytes) -> set[str]:
        """What the store says that it has removed; nothing where that cannot be read (Ceph RGW 16 behind Caddy may send
        half an answer, measured)."""
        digest = b64encode(md5(body, usedforsecurity=False).digest()).decode()  # S3 insists on one; all know this one
        with available:
            try:
                answer = self._clients.caller().ask(
                    DELETE_MANY, "", query={"delete": ""}, headers={"Content-MD5": digest}, body=body
                )
            except ValueError:
                return set()
        named = [(one.exact("Key"), one.find("DeleteMarker") == "true") for one in answer.root.all("Deleted")]
        if any(marked for _, marked in named):
            self._traits.seen_marker()  # Ceph RGW 16 does not tell of it again when the key is deleted once more
        return {key for key, marked in named if not marked}

    def _keeps_versions(self) -> bool:
        with available:
            return self._traits.keeps_versions()

    def _delete_versions(self, key: str) -> tuple[bool, str | None]:
        """Removes each version and marker of ``key``; says False where it has to be hidden instead, and why some stay.

        That is where it may not list them, and where one is under retention (Object Lock): what cannot be removed stays
        behind a marker, which keeps it out of listings and lets a lifecycle rule remove it when its time has come.
        """
        try:
            found = [one for one in self._versions(key) if one["Key"] == key]
        except StoreUnavailable as error:
            if not error.refused:
                raise
            log.warning("old versions of %r stay: %s", key, error.detail)
            return False, f"Old versions may be there, and cannot be listed: {error.detail}"
        markers = [one for one in found if "ETag" not in one]
        versions = [one for one in found if "ETag" in one]
        if kept := [why for one in versions if (why := self._delete_version(key, one["VersionId"]))]:
            log.info("%d versions of %r stay", len(kept), key)
            return any(one["IsLatest"] for one in markers), f"{len(kept)} versions stay: {kept[0]}"
        return not [one for one in markers if self._delete_version(key, one["VersionId"])], None

    def _delete_version(self, key: str, version_id: str) -> str | None:
        """Returns why it stays; None where it is gone."""
        try:
            with suppress(ObjectMissing), available:
                self._clients.caller().ask(DELETE, key, query={"versionId": version_id})
        except StoreUnavailable as error:
            if not error.refused:
                raise
            log.info("version %s of %r stays: %s", version_id, key, error.detail)
            return error.detail
        return None

    def _versions(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        with available:
            for page in pages_of(self._clients.plain(), "list_object_versions", self._bucket, prefix):
                yield from page.get("Versions", [])
                yield from page.get("DeleteMarkers", [])

    def written_before(self, prefix: str, before: datetime) -> Iterator[OldObject]:
        """The keys below ``prefix`` where something was written before then, old versions and markers included."""
        last = None
        with available:
            for item in self._listed(prefix):
                written = moment_in(item, "LastModified")
                if written < before and item["Key"] != last:  # the versions of a key come together
                    last = item["Key"]
                    yield OldObject(item["Key"], written)

    def _listed(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        if self._keeps_versions():
            try:
                yield from self._versions(prefix)
            except StoreUnavailable as error:
                if not error.refused:
                    raise
                log.warning("old versions below %r are not looked for: %s", prefix, error.detail)
            else:
                return
        yield from self._objects(prefix)

    def _objects(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        with available:
            for page in pages_of(self._clients.plain(), "list_objects_v2", self._bucket, prefix):
                yield from page.get("Contents", [])
