"""Checks of presigned POST: whether forms are accepted, and which of their conditions the store enforces."""

from collections.abc import Iterator
from http import HTTPStatus

from valetkey.doctor.findings import Finding, Skip, failed, passed, warned
from valetkey.doctor.store.attempts import ProbeOutcome, tried, verdict
from valetkey.doctor.store.grants import ProbeGrants
from valetkey.doctor.store.puts import working
from valetkey.doctor.store.writing import CONTENT, TYPE, read_object
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import WireResponse

UNSAFE = "Use a store that enforces POST policies, or VALETKEY_S3_LACKS=post: here a form allows more than it grants."

MILD = frozenset({"further field"})
"""Violations that the service's copy undoes."""


def post(visit: Visit) -> Iterator[Finding]:
    """A good form first, then forms that break one condition each."""
    for checksum in (False, True):  # a bucket with a default retention requires one
        granting = ProbeGrants(visit, checksum)
        upload = granting.upload()
        grant = granting.post(upload)
        answer = visit.wire.post_form(grant.url, grant.fields, CONTENT)
        stored = read_object(visit, upload.staging_key)
        if stored.there:
            break
    else:
        yield from _no_forms(visit, answer)
        return
    visit.learned["post"] = True
    yield from _control(answer, stored.content, stored.content_type)
    yield from verdict(visit, "a form", [*_violations(visit, granting)], mild=MILD, action=UNSAFE)
    yield _made_public(visit, granting)


def _made_public(visit: Visit, granting: ProbeGrants) -> Finding:
    """Whether an unsigned field makes the object public; some stores accept the field without an effect."""
    upload = granting.upload()
    grant = granting.post(upload)
    answer = visit.wire.post_form(grant.url, {**grant.fields, "acl": "public-read"}, CONTENT)
    seen = visit.wire.send("GET", f"{visit.store.post_url}{upload.staging_key}")
    if seen.taken and seen.body == CONTENT:
        action = "Block public access of the bucket (--fix does it if the store can)."
        return failed("post-acl", "A client with a form can make its object public by a field acl.", action)
    return passed("post-acl", f"A field acl makes nothing public ({answer.said}).")


def _no_forms(visit: Visit, answer: WireResponse) -> Iterator[Finding]:
    if answer.status == HTTPStatus.FORBIDDEN and not _puts_work(visit):
        action = "Grant s3:PutObject to the key that grants are signed with; see store/rights and machine/clock."
        yield failed("post", f"A good form is refused: {answer.said}.", action)
        return
    if not answer.refused and not answer.taken and answer.status != HTTPStatus.OK:
        yield failed("post", f"A form led to: {answer.said}.", "Check the logs of the store and of its proxies.")
        return
    visit.learned["post"] = False
    action = "Nothing to do: valetkey gives presigned PUTs here (method auto). VALETKEY_S3_LACKS=post says the same."
    said = answer.said if answer.refused else f"{answer.said}, and nothing stored"
    yield warned("post", f"The store accepts no presigned POST: {said}.", action)


def _puts_work(visit: Visit) -> bool:
    """Whether the same access key may write by a PUT: then a form is not refused for a missing right."""
    try:
        working(visit)
    except Skip:
        return False
    return True


def _control(answer: WireResponse, content: bytes | None, content_type: str) -> Iterator[Finding]:
    if content != CONTENT:
        yield failed("post", "A form's file is not stored as it was sent.", "Check the proxies in front of the store.")
    elif content_type != TYPE:
        action = "Every upload would be rejected: use another store, or VALETKEY_S3_LACKS=post."
        yield failed("post", f"A form's Content-Type is not kept: {content_type!r}.", action)
    elif not answer.taken:
        action = "Clients take it for a failure and send again: check the proxies in front of the store."
        yield warned("post", f"A good form is stored, but the response is {answer.said}.", action)
    elif answer.status != HTTPStatus.CREATED:
        yield warned("post", f"The response to a good form is {answer.status}, not 201 as requested.", "Nothing to do.")


def _violations(visit: Visit, granting: ProbeGrants) -> Iterator[ProbeOutcome]:
    changes = {
        "another type": {"Content-Type": "image/gif"},
        "another upload id": {"x-amz-meta-upload-id": "another"},
        "further field": {"x-amz-meta-more": "x"},
    }
    for name, changed in changes.items():
        yield _form(visit, granting, name, changed)
    yield _form(visit, granting, "a smaller file", content=CONTENT[:-1])
    yield _form(visit, granting, "a larger file", content=CONTENT + b"!")
    yield _form(visit, granting, "an expired form", expired=True)
    yield _form(visit, granting, "another signature", {"x-amz-signature": "0" * 64})
    other = visit.probes.staging()
    yield _form(visit, granting, "another key", {"key": f"{visit.staging}{other}"}, also=f"{visit.staging}{other}")
    yield _unsigned(visit, granting)


def _form(
    visit: Visit,
    granting: ProbeGrants,
    name: str,
    changed: dict[str, str] | None = None,
    *,
    content: bytes = CONTENT,
    expired: bool = False,
    also: str | None = None,
) -> ProbeOutcome:
    upload = granting.upload()
    grant = granting.post(upload, expired=expired)
    answer = visit.wire.post_form(grant.url, {**grant.fields, **(changed or {})}, content)
    return tried(visit, name, answer, *([also] if also else []), upload.staging_key)


def _unsigned(visit: Visit, granting: ProbeGrants) -> ProbeOutcome:
    """A form without any signature."""
    upload = granting.upload()
    fields = {"key": upload.staging_key, "Content-Type": TYPE}
    answer = visit.wire.post_form(granting.post(upload).url, fields, CONTENT)
    return tried(visit, "no signature", answer, upload.staging_key)
