"""Uses the generated client in Python: use.py ADDRESS KEY FILE. Prints what it saw, as JSON; so do its neighbours."""

import hashlib
import json
import sys
from pathlib import Path

import urllib3
from valetkey_client import ApiClient, Configuration
from valetkey_client.api import ClaimsApi, PartsApi, TicketsApi, UploadsApi
from valetkey_client.exceptions import NotFoundException
from valetkey_client.models import (
    ClaimUpload,
    Complete,
    CreateBatch,
    CreateTicket,
    CreateUpload,
    Granted,
    MultipartGrant,
    PostGrant,
    PutGrant,
    Refused,
)

NOBODY = "0197f7a0-0000-7000-8000-000000000000"
address, key, file = sys.argv[1:]
content = Path(file).read_bytes()


def called_with(credential: str) -> ApiClient:
    return ApiClient(Configuration(host=address, access_token=credential))


ticket = TicketsApi(called_with(key)).create_ticket(CreateTicket(profile="mobile", owner="ann", ttl=600)).ticket
uploads, parts = UploadsApi(called_with(ticket)), PartsApi(called_with(ticket))


def wanted(method: str, size: int, content_type: str = "video/mp4") -> CreateUpload:
    return CreateUpload(filename="film.mp4", content_type=content_type, size=size, method=method, signed_parts=1000)


def send(granted: Granted) -> tuple[str, int]:
    """Sends the file, and says how, and in how many parts."""
    grant = granted.grant.actual_instance if granted.grant else None
    if isinstance(grant, PostGrant):
        fields = [*grant.fields.items(), (grant.file_field, ("film.mp4", content))]
        answer = urllib3.request("POST", grant.url, fields=fields)
        sent = 1
    elif isinstance(grant, PutGrant):
        answer = urllib3.request("PUT", grant.url, body=content, headers=grant.headers)
        sent = 1
    else:
        assert isinstance(grant, MultipartGrant)
        assert len(grant.parts) == grant.part_count
        for part in grant.parts:
            assert part.size is not None
            piece = content[(part.number - 1) * grant.part_size :][: part.size]
            answer = urllib3.request("PUT", part.url, body=piece, headers=part.headers)
        sent = len(parts.list_parts(granted.upload.id).parts)
    assert answer.status in {200, 201}, answer.data
    return grant.method, sent


ids, sent = [], []
for method in ("post", "put", "multipart"):
    granted = uploads.create_upload(wanted(method, len(content)), idempotency_key=f"python-{method}")
    sent.append(send(granted))
    assert uploads.complete_upload(granted.upload.id, Complete()).state == "confirmed"
    ids.append(granted.upload.id)
large = uploads.create_upload(wanted("multipart", 3 * 1024**3 + 1))
uploads.remove_upload(large.upload.id)
answers = uploads.create_batch(CreateBatch(uploads=[wanted("auto", 1), wanted("auto", 1, "nonsense")])).results
states = [
    answer.upload.state if isinstance(answer, Granted) else answer.error.code
    for answer in (result.actual_instance for result in answers)
    if isinstance(answer, Granted | Refused)
]
seen = uploads.list_uploads(id=[*ids, NOBODY])
try:
    uploads.get_upload(NOBODY)
except NotFoundException as error:
    problem = [error.status, error.data.code]
url = uploads.download_upload(ids[2]).url
claim = ClaimsApi(called_with(key)).claim_upload(ids[0], ClaimUpload(reference="post:17", owner="ann")).claim
print(
    json.dumps(
        {
            "sent": sent,
            "states": [one.state for one in seen.uploads],
            "sizes": [one.size for one in seen.uploads],
            "nobody": [one == NOBODY for one in seen.not_found or []],
            "large": large.upload.size,
            "batch": states,
            "problem": problem,
            "bytes": hashlib.sha256(urllib3.request("GET", url).data).hexdigest(),
            "claimed": claim.reference if claim else None,
        }
    )
)
