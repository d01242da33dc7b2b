"""An S3-compatible bucket: set up by boto3, with our own signed calls for the frequent ones.

Rights it needs: ``s3:PutObject``, ``s3:GetObject`` and ``s3:DeleteObject`` on ``staging/*``, ``quarantine/*`` and the
profiles' keys, and ``s3:ListBucket`` on the bucket (without it S3 responds with 403 for a missing object). The sweep
needs ``s3:ListBucketMultipartUploads`` on the bucket, and both it and uploads in parts need ``s3:AbortMultipartUpload``
and ``s3:ListMultipartUploadParts`` on the objects. A bucket with versions needs ``s3:GetBucketVersioning`` and
``s3:ListBucketVersions`` on it, ``s3:GetObjectVersion`` and ``s3:DeleteObjectVersion`` on the objects; one with Object
Lock ``s3:GetBucketObjectLockConfiguration``. A profile with tags needs ``s3:PutObjectTagging`` on its keys, one with
retention ``s3:PutObjectRetention``, one with a legal hold ``s3:PutObjectLegalHold``.
"""

from valetkey.adapters.s3.client import AddressingStyle, S3Settings
from valetkey.adapters.s3.proven import Proven
from valetkey.adapters.s3.roles import CredentialSource, static_keys
from valetkey.adapters.s3.sessions import NO_CREDENTIALS, find_credentials, make_session
from valetkey.adapters.s3.store import S3Store

__all__ = [
    "NO_CREDENTIALS",
    "AddressingStyle",
    "CredentialSource",
    "Proven",
    "S3Settings",
    "S3Store",
    "find_credentials",
    "make_session",
    "static_keys",
]
