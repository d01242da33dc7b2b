"""Signed URLs of Amazon CloudFront: with a canned policy, by botocore's signer.

The key pair is one of a trusted key group of the distribution: RSA of 2048 bits, or ECDSA P-256. CloudFront accepts
SHA-1 signatures only ("Serve private content with signed URLs", its developer guide). Signing needs no rights at AWS.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from valetkey.core.errors import ConfigurationError


class CloudFront:
    """`AddressSigner` by the key pair ``key_pair_id``, whose private key is the PEM file at ``private_key``.

    The file is read once. Raises `ConfigurationError` if it contains no such key.
    """

    def __init__(self, key_pair_id: str, private_key: Path) -> None:
        self._signer = CloudFrontSigner(key_pair_id, _signing(private_key))

    def sign(self, url: str, expires_at: datetime) -> str:
        return str(self._signer.generate_presigned_url(url, date_less_than=expires_at))


def _signing(path: Path) -> Callable[[bytes], bytes]:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ConfigurationError(f"CloudFront's private key {path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{path} is not a private key in PEM without a passphrase.") from error
    if isinstance(key, rsa.RSAPrivateKey):
        return lambda message: key.sign(message, padding.PKCS1v15(), SHA1())  # noqa: S303 - CloudFront takes no other
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return lambda message: key.sign(message, ec.ECDSA(SHA1()))  # noqa: S303
    raise ConfigurationError(f"{path} is a key of another kind: CloudFront accepts RSA and ECDSA P-256.")
