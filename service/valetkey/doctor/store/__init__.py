"""Checks of the store: access, rights, what it enforces, and the settings of the bucket."""

from valetkey.doctor.checks import Check, Group
from valetkey.doctor.store import attempts, bucket, copies, forms, lifetimes, parts, puts, races, reach, rights

GROUP = Group(
    "store",
    (
        Check("reach", reach.reach, 45),
        Check("region", reach.region),
        Check("addressing", reach.addressing),
        Check("rights", rights.rights, 120),
        Check("listing", rights.listing),
        Check("delete-many", rights.delete_many),
        Check("head", reach.head),
        Check("latency", reach.latency),
        Check("download", reach.download),
        Check("grant-life", lifetimes.grant_life),
        Check("post", forms.post, 120),
        Check("put", puts.put, 120),
        Check("put-once", puts.put_once),
        Check("put-extra-header", puts.extra_headers),
        Check("enforcement", attempts.enforcement),
        Check("parts", parts.parts, 120),
        Check("copy", copies.copy),
        Check("copy-condition", copies.condition),
        Check("copy-atomic", races.in_one_step),
        Check("copy-once", copies.once),
        Check("copy-parts", copies.in_parts),
        Check("checksums", copies.checksums),
        Check("placement", copies.placements),
        Check("versions", bucket.versions),
        Check("object-lock", bucket.object_lock),
        Check("public-access", bucket.public_access),
        Check("encryption", bucket.encryption),
        Check("lifecycle", bucket.lifecycle),
    ),
)
