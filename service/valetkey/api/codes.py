"""The meaning of each ``code`` of problem documents and rejections: the tables in the API document.

They stand at the two properties. In the description of all they would be at the top of each file of a generated client.
"""

from collections.abc import Iterator

from valetkey.api.problems import status_of
from valetkey.core.errors import ConfigurationError, ValetKeyError

HTTP_CODES = {
    "bad_request": (
        400,
        "The connection closed in the body, the request has more than one `Host`, or its query is not UTF-8.",
    ),
    "not_found": (404, "There is nothing at this path."),
    "method_not_allowed": (405, "The path does not accept this method; `Allow` lists the methods that it accepts."),
    "request_timeout": (408, "The body did not arrive in time."),
    "request_entity_too_large": (413, "The body has more than 256 KiB: files go straight to S3."),
    "request_uri_too_long": (414, "The query has more than 16 KiB."),
    "unsupported_media_type": (415, "The body is a form, or not JSON: files go straight to S3."),
    "internal_error": (500, "A fault in the service; it is logged."),
    "configuration_error": (500, "The application or server keeps it from answering; `detail` says how. It is logged."),
    "not_implemented": (501, "The body has a transfer coding besides its chunks."),
}
"""The codes that come of HTTP itself: status and meaning."""

REASONS = {
    "size_mismatch": "The number of bytes that arrived is not the one that was granted.",
    "type_mismatch": "The object's content type is not the one that was granted.",
    "upload_id_mismatch": "The object does not carry the id of the upload.",
    "checksum_mismatch": "The store shows a checksum other than the declared one.",
    "checksum_unverified": "The profile requires a checksum, and the store shows none.",
    "content_mismatch": "The first bytes are not of the content type that was granted (`detect`).",
    "infected": "A scanner found the bytes infected (`scan`).",
    "overwritten": "Other bytes were written again and again while the upload was being confirmed.",
    "missing": "The object was removed before it could be confirmed.",
    "placement_refused": "The store does not accept the profile's storage class, encryption, tags or Object Lock.",
    "unclaimed": "Nobody claimed it in time (`claim_within`): it is `deleted`.",
    "erased": "Its owner was erased: nothing that was known about it is kept, whatever its state was.",
    "retention_ended": "It was kept for as long as its profile says (`keep_for`): it is `deleted`.",
}
"""Why an upload is `rejected`, or `deleted` unasked."""


def error_codes() -> dict[str, tuple[int, str]]:
    """The status and the meaning of each code that a problem document may have, by status."""
    found = {kind.code: (status_of(kind), _meaning(kind)) for kind in _kinds(ValetKeyError) if "code" in vars(kind)}
    return dict(sorted((found | HTTP_CODES).items(), key=lambda item: item[1][0]))


SUMMARY = (
    "Every error is a problem document (RFC 9457). Its `code` is stable, its `detail` may change. A `rejected` upload"
    " has a `reason`; so has a `deleted` one, where nobody claimed it. The schemas `Problem` and `Reason` list all"
    " codes."
)


def errors_table() -> str:
    """What the ``code`` of a problem may be, in Markdown."""
    rows = [f"| `{code}` | {status} | {meaning} |" for code, (status, meaning) in error_codes().items()]
    return "\n".join(["It is stable.\n", "| code | status | |\n|---|---|---|", *rows])


def reasons_table() -> str:
    """What the ``code`` of a reason may be, in Markdown."""
    rows = [f"| `{code}` | {meaning} |" for code, meaning in REASONS.items()]
    said = "A `stored` upload has `copy_unproven` while the store shows no proof.\n"
    return "\n".join([said, "| reason | |\n|---|---|", *rows])


def _kinds(root: type[ValetKeyError]) -> Iterator[type[ValetKeyError]]:
    for kind in root.__subclasses__():
        if kind.__module__.startswith("valetkey.") and not issubclass(kind, ConfigurationError):
            yield kind
            yield from _kinds(kind)


def _meaning(kind: type[ValetKeyError]) -> str:
    return (kind.__doc__ or "").partition("\n")[0]
