"""`valetkey uploads`."""

import click

from valetkey.commands.terminal import json_option, open_ledger, print_json, print_record, print_table, report_errors
from valetkey.core.errors import UploadNotFound
from valetkey.core.model.upload import DEFAULT_STORE, Upload, UploadState


@click.group()
def uploads() -> None:
    """Inspect the uploads in the ledger, of all accounts."""


@uploads.command("list")
@click.option("--state", type=click.Choice([str(state) for state in UploadState]), help="Only uploads in this state.")
@click.option("--profile", help="Only uploads of this profile.")
@click.option("--account", help="Only uploads of the API keys with this name.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@report_errors
def list_uploads(state: str | None, profile: str | None, account: str | None, limit: int, *, as_json: bool) -> None:
    """List uploads, newest first."""
    from valetkey.api.responses import upload_body
    from valetkey.core.ports.ledger import Query

    query = Query(account, limit, UploadState(state) if state else None, profile)
    unreadable: list[str] = []
    found = open_ledger().page(query, unreadable)
    for one in unreadable:
        click.echo(f"{one} was written by a newer version of valetkey, and cannot be read by this one.", err=True)
    if as_json:
        more = {"unreadable": unreadable} if unreadable else {}
        print_json({"uploads": [upload_body(upload) | _store(upload) for upload in found], **more})
        return
    rows = [
        (one.id, one.state, one.profile, one.owner, str(one.size), f"{one.created_at:%Y-%m-%d %H:%M:%S}")
        for one in found
    ]
    print_table(("id", "state", "profile", "owner", "bytes", "created (UTC)"), rows)


@uploads.command("show")
@click.argument("upload_id")
@json_option
@report_errors
def show_upload(upload_id: str, *, as_json: bool) -> None:
    """Show everything that the ledger has about an upload."""
    from valetkey.api.responses import upload_body

    upload = open_ledger().get(upload_id)
    if upload is None:
        raise UploadNotFound
    body = upload_body(upload)
    if as_json:
        print_json(body | _store(upload))
        return
    more = {"account": upload.account, "store": upload.store, "verdict": upload.verdict, "next look": upload.due_at}
    print_record([*body.items(), *more.items()])


def _store(upload: Upload) -> dict[str, str]:
    """The store of an upload, unless it is the default one."""
    return {} if upload.store == DEFAULT_STORE else {"store": upload.store}


@uploads.command("sweep")
@click.option("--dry-run", is_flag=True, help="Change nothing. Print what would be done.")
@json_option
@report_errors
def sweep_uploads(*, dry_run: bool, as_json: bool) -> None:
    """Sweep once, as `valetkey worker` does at intervals: check uploads that are due, and remove orphaned objects."""
    from valetkey.background import create_sweep

    sweep = create_sweep()
    findings = sweep.foresee() if dry_run else sweep.run()
    rows = [(finding.action, finding.subject, finding.detail) for finding in findings]
    if as_json:
        print_json({"findings": [dict(zip(("action", "subject", "detail"), row, strict=True)) for row in rows]})
        return
    print_table(("would" if dry_run else "did", "what", "why"), rows)
