"""Removing and listing objects, where a bucket may keep what was deleted or overwritten as old versions."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from valetkey.adapters.s3.errors import available
from valetkey.adapters.s3.traits import Traits
from valetkey.core.errors import ObjectMissing, StoreUnavailable
from valetkey.core.ports.store import OldObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger("valetkey")


class Versions:
    """The objects of one bucket with all of their versions."""

    def __init__(self, client: Callable[[], "S3Client"], bucket: str, traits: Traits) -> None:
        self._client = client
        self._bucket = bucket
        self._traits = traits

    def delete(self, key: str) -> str | None:
        """Removes the object with all of its versions; returns why some of them stay."""
        if not key:  # botocore, which does not look at parameters here, would delete the bucket
            raise ValueError("no key")
        kept, known = None, self._keeps_versions()
        if known:
            hidden, kept = self._delete_versions(key)
            if hidden:
                return kept
        with suppress(ObjectMissing), available:  # some stores answer 404
            answer = self._client().delete_object(Bucket=self._bucket, Key=key)
            if not known and answer.get("DeleteMarker"):  # it did not say before that it keeps them
                kept = "The bucket keeps versions, and does not let them be seen: s3:GetBucketVersioning is missing."
        return kept

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
                self._client().delete_object(Bucket=self._bucket, Key=key, VersionId=version_id)
        except StoreUnavailable as error:
            if not error.refused:
                raise
            log.info("version %s of %r stays: %s", version_id, key, error.detail)
            return error.detail
        return None

    def _versions(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        pages = self._client().get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix)
        with available:
            for page in pages:
                yield from page.get("Versions", [])
                yield from page.get("DeleteMarkers", [])

    def written_before(self, prefix: str, before: datetime) -> Iterator[OldObject]:
        """The keys below ``prefix`` where something was written before then, old versions and markers included."""
        last = None
        with available:
            for item in self._listed(prefix):
                if item["LastModified"] < before and item["Key"] != last:  # the versions of a key come together
                    last = item["Key"]
                    yield OldObject(item["Key"], item["LastModified"])

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
        pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with available:
            for page in pages:
                yield from page.get("Contents", [])
