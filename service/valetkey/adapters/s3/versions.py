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
    """The date of an item in a list, in UTC if it has no zone. If there is none, the last possible date, so that the
    item never counts as old."""
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
        if not key:  # it would delete the bucket
            raise ValueError("no key")
        if self._keeps_versions():
            return self._delete_with_versions(key)
        tried = self._traits.batches is None and can_be_named(key)
        if tried and not self._delete_many([key]):
            return None
        self._delete_or_hide(key)
        if tried:  # whatever the response said about the batch
            self._traits.batches = False
        if not self._traits.leaves_markers:
            return None
        if self._keeps_versions():  # it may have started to since we asked first
            return self._delete_with_versions(key)
        return "The bucket keeps versions, and we may not see that: s3:GetBucketVersioning is missing."

    def _delete_or_hide(self, key: str) -> None:
        with suppress(ObjectMissing), available:  # some stores respond with 404
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
        """Removes objects of a bucket without versions in one call; returns those that are not removed.

        Each key has to be named in the response: its status does not prove what a store did with DeleteObjects.
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
            self._traits.batches = None if passes else False  # some stores respond with 500 to an unknown operation
            return list(keys)
        left = [key for key in keys if key not in gone]
        self._traits.batches = self._traits.batches or not left
        return left

    def _named_in_answer(self, body: bytes) -> set[str]:
        """The keys that the store reports as removed; none if the response cannot be read (Ceph RGW 16 behind Caddy may
        send half a response, measured)."""
        digest = b64encode(md5(body, usedforsecurity=False).digest()).decode()  # S3 requires one; all stores know this
        with available:
            try:
                answer = self._clients.caller().ask(
                    DELETE_MANY, "", query={"delete": ""}, headers={"Content-MD5": digest}, body=body
                )
            except ValueError:
                return set()
        named = [(one.exact("Key"), one.find("DeleteMarker") == "true") for one in answer.root.all("Deleted")]
        if any(marked for _, marked in named):
            self._traits.seen_marker()  # Ceph RGW 16 does not report it again when the key is deleted once more
        return {key for key, marked in named if not marked}

    def _keeps_versions(self) -> bool:
        with available:
            return self._traits.keeps_versions()

    def _delete_versions(self, key: str) -> tuple[bool, str | None]:
        """Removes each version and marker of ``key``; returns False if the rest has to be hidden, and why some stay.

        That is the case if versions may not be listed, and if one is under retention (Object Lock): it then stays
        behind a delete marker, which keeps it out of listings and lets a lifecycle rule remove it when its retention
        has ended.
        """
        try:
            found = [one for one in self._versions(key) if one["Key"] == key]
        except StoreUnavailable as error:
            if not error.refused:
                raise
            log.warning("old versions of %r stay: %s", key, error.detail)
            return False, f"There may be old versions, which cannot be listed: {error.detail}"
        markers = [one for one in found if "ETag" not in one]
        versions = [one for one in found if "ETag" in one]
        if kept := [why for one in versions if (why := self._delete_version(key, one["VersionId"]))]:
            log.info("%d versions of %r stay", len(kept), key)
            return any(one["IsLatest"] for one in markers), f"{len(kept)} versions stay: {kept[0]}"
        return not [one for one in markers if self._delete_version(key, one["VersionId"])], None

    def _delete_version(self, key: str, version_id: str) -> str | None:
        """Removes one version; returns why it stays, or None if it is gone."""
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
        """The keys below ``prefix`` that have a version or a delete marker from before ``before``."""
        last = None
        with available:
            for item in self._listed(prefix):
                written = moment_in(item, "LastModified")
                if written < before and item["Key"] != last:  # the versions of a key follow one another
                    last = item["Key"]
                    yield OldObject(item["Key"], written)

    def _listed(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        if self._keeps_versions():
            try:
                yield from self._versions(prefix)
            except StoreUnavailable as error:
                if not error.refused:
                    raise
                log.warning("old versions below %r are not listed: %s", prefix, error.detail)
            else:
                return
        yield from self._objects(prefix)

    def _objects(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        with available:
            for page in pages_of(self._clients.plain(), "list_objects_v2", self._bucket, prefix):
                yield from page.get("Contents", [])
