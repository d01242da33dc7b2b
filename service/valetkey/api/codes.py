"""The meaning of each ``code`` of problem documents and rejections, as tables in the OpenAPI document.

The tables are in the descriptions of the two properties. In the description of the document, generated clients would
repeat them at the top of each file.
"""

from collections.abc import Iterator

from valetkey.api.problems import status_of
from valetkey.core.errors import ConfigurationError, ValetKeyError

HTTP_CODES = {
    "bad_request": (
        400,
        "The connection closed within the body, the request has more than one `Host`, or its query is not UTF-8.",
    ),
    "not_found": (404, "There is nothing at this path."),
    "method_not_allowed": (405, "The path does not accept this method; `Allow` lists the methods that it accepts."),
    "request_timeout": (408, "The body did not arrive in time."),
    "request_entity_too_large": (413, "The body is larger than 256 KiB: files go straight to S3."),
    "request_uri_too_long": (414, "The query is longer than 16 KiB."),
    "unsupported_media_type": (415, "The body is a form, or not JSON: files go straight to S3."),
    "internal_error": (500, "An error in the service. It is logged."),
    "configuration_error": (
        500,
        "The application or the server around valetkey prevents a response; `detail` says how. It is logged.",
    ),
    "length_required": (411, "The body comes in chunks, and the server of the application does not decode them."),
    "not_implemented": (501, "The body has a transfer coding other than `chunked`."),
}
"""The codes of errors of HTTP itself: status and meaning."""

REASONS = {
    "size_mismatch": "The size of the object is not the one that was granted.",
    "type_mismatch": "The content type of the object is not the one that was granted.",
    "upload_id_mismatch": "The object's metadata does not have the id of the upload.",
    "checksum_mismatch": "The object's checksum at the store is not the one that was declared.",
    "checksum_unverified": "The profile requires a checksum, but the store has none for the object.",
    "content_mismatch": "The first bytes do not match the content type that was granted (`detect`).",
    "infected": "A scanner found the object infected (`scan`).",
    "overwritten": "The object was overwritten again and again while the upload was being confirmed.",
    "missing": "The object was removed before it could be confirmed.",
    "placement_refused": "The store does not accept the profile's storage class, encryption, tags or Object Lock.",
    "unclaimed": "The upload was not claimed in time (`claim_within`) and is `deleted`.",
    "erased": "The owner was erased: only the id, times and state of the upload are left.",
    "retention_ended": "The profile's retention period (`keep_for`) has ended, and the upload is `deleted`.",
}
"""Why an upload is `rejected`, was `deleted` automatically, or was erased."""


def error_codes() -> dict[str, tuple[int, str]]:
    """The HTTP status and the meaning of each code of problem documents, ordered by status."""
    found = {kind.code: (status_of(kind), _meaning(kind)) for kind in _kinds(ValetKeyError) if "code" in vars(kind)}
    return dict(sorted((found | HTTP_CODES).items(), key=lambda item: item[1][0]))


SUMMARY = (
    "Every error is a problem document (RFC 9457). Its `code` is stable; its `detail` may change. An upload that is"
    " `rejected`, or was deleted automatically, has a `reason`. The schemas `Problem` and `Reason` list all codes."
)


def errors_table() -> str:
    """The codes of problem documents as a table in Markdown."""
    rows = [f"| `{code}` | {status} | {meaning} |" for code, (status, meaning) in error_codes().items()]
    return "\n".join(["Codes are stable.\n", "| code | status | meaning |\n|---|---|---|", *rows])


def reasons_table() -> str:
    """The codes of reasons as a table in Markdown."""
    rows = [f"| `{code}` | {meaning} |" for code, meaning in REASONS.items()]
    stored = "A `stored` upload has the code `copy_unproven` as long as nothing proves that its copy is complete.\n"
    return "\n".join([stored, "| code | meaning |\n|---|---|", *rows])


def _kinds(root: type[ValetKeyError]) -> Iterator[type[ValetKeyError]]:
    for kind in root.__subclasses__():
        if kind.__module__.startswith("valetkey.") and not issubclass(kind, ConfigurationError):
            yield kind
            yield from _kinds(kind)


def _meaning(kind: type[ValetKeyError]) -> str:
    return (kind.__doc__ or "").partition("\n")[0]
