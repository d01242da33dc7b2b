"""The pages of the documentation that are generated from code: settings and errors."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from valetkey.api.codes import REASONS, error_codes
from valetkey.senders import EventSettings
from valetkey.settings import Settings, StoreTable

CURES = Path(__file__).with_name("errors.toml")

_GROUPS = {
    "The service": ("host", "port", "public_url", "threads", "workers", "body_timeout", "config", "auth"),
    "Secrets and origins": ("secret_keys", "cors_origins"),
    "The store": ("bucket", "s3_"),
    "Downloads": ("cloudfront_",),
    "The ledger": ("database_", "ledger_"),
    "Events from the store": ("events_",),
    "Webhooks": ("webhook_",),
    "The worker": ("worker_", "sweep_"),
}
"""The sections of the settings page, with the prefixes of the settings in each."""

_ENDS = ("ge", "le")

_SETTINGS = """# Settings

valetkey is configured with environment variables that begin with `VALETKEY_`. `serve`, `worker`, `dev`, the other
commands and `ValetKey(app)` read them once, when they start. If a value is invalid, they do not start, and say what to
change. An empty variable counts as not set. Spaces and line ends around a value are removed, as files of secrets have
them. A variable with this prefix that is not a setting is ignored, and named in the log at the start.

You can also keep settings in a file `.env` in the working directory. Each line is `NAME=value` or `export NAME=value`.
valetkey reads the variables that begin with `VALETKEY_` or `AWS_` (those of boto3) and ignores the rest. `$` has no
special meaning in a value.

Environment variables take precedence over the file. If the environment already has AWS credentials or names an AWS
profile, valetkey ignores all credentials and profiles in the file, so that the two are never mixed.

`valetkey init` creates a `.env` with new secrets that only you can read (mode 0600). `valetkey put` is a client and
does not read the file.

[Profiles](profiles.md), which define what may be uploaded, have a file of their own.
"""

_STORES = """## Stores in valetkey.toml

If an installation has [several stores](several-stores.md), each further store is a table `[stores.NAME]` in
`valetkey.toml`. The settings above describe the store `default`.

| name, and its default | meaning |
|---|---|
"""

_CREDENTIALS = """## Credentials of the store

valetkey has no settings for S3 credentials. It uses those that boto3 finds: `AWS_ACCESS_KEY_ID` and
`AWS_SECRET_ACCESS_KEY`, a profile, or a role. It renews temporary credentials, and no grant outlives the credentials
that signed it. [Operating](operating.md) lists the permissions that they need. A `[stores.NAME]` can name its own
profile or role.
"""

_ERRORS = """# Errors

Every error is a problem document (RFC 9457) with a stable `code`, and every rejected upload has a `reason` with one.
This page has the cause and the cure of each.

The `type` of a problem document is the address of its section here. `detail` is a sentence for people, and may change.
`errors`, if present, has a JSON pointer to each culprit.
"""


def settings_page() -> str:
    """`settings.md`, from the class that reads the environment."""
    return "\n".join([_SETTINGS, *(_group(title) for title in _GROUPS), _stores(), _CREDENTIALS])


def group_of(setting: str) -> str:
    """The section of a setting. Raises `LookupError` if there is none."""
    for title, beginnings in _GROUPS.items():
        if setting.startswith(beginnings):
            return title
    raise LookupError(f"the setting {setting!r} is in no section of infra/docs/generated.py")


def _group(title: str) -> str:
    rows = [_row(name, field) for name, field in Settings.model_fields.items() if group_of(name) == title]
    return "\n".join([f"## {title}\n", "| variable, and its default | meaning |", "|---|---|", *rows, ""])


def _stores() -> str:
    """The section about ``[stores.NAME]``."""
    own = [name for name in StoreTable.model_fields if name not in EventSettings.model_fields]
    rows = [_named(f"`{name}`", StoreTable.model_fields[name]) for name in [*own, *EventSettings.model_fields]]
    return _STORES + "\n".join([*rows, ""])


def _row(name: str, field: FieldInfo) -> str:
    return _named(f"`VALETKEY_{name.upper()}`", field)


def _named(name: str, field: FieldInfo) -> str:
    extra = field.json_schema_extra
    unit = [str(extra["unit"])] if isinstance(extra, Mapping) else []
    default = " ".join(part for part in [_default(field.default), *unit] if part)
    said = "; ".join(part for part in [default, *_range(field)] if part)
    return f"| {name}{'<br>' if said else ''}{said} | {field.description} |"


def _default(value: object) -> str:
    if value in (None, (), [], "", PydanticUndefined):
        return ""
    if isinstance(value, tuple):
        return f"`{','.join(f'{item:g}' for item in value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _range(field: FieldInfo) -> Iterator[str]:
    """The range of allowed values, in words."""
    low, high = (next((getattr(rule, name) for rule in field.metadata if hasattr(rule, name)), None) for name in _ENDS)
    if low is not None and high is not None:
        yield f"{low:,} to {high:,}"
    elif low is not None:
        yield f"at least {low:,}"
    if shortest := next((rule.min_length for rule in field.metadata if hasattr(rule, "min_length")), None):
        yield f"at least {shortest} characters"


def cures() -> Any:
    """Cause and cure of each code: ``{errors, reasons, client: {code: {cause, cure}}}``."""
    return tomllib.loads(CURES.read_text(encoding="utf-8"))


def errors_page() -> str:
    """`errors.md`, from the API's tables and the file with causes and cures. Raises KeyError for a code without."""
    known = cures()
    errors = [
        _entry(code, f"*Status {status}.* {meaning}", known["errors"][code])
        for code, (status, meaning) in error_codes().items()
    ]
    reasons = [_entry(code, meaning, known["reasons"][code]) for code, meaning in REASONS.items()]
    client = [_entry(code, "", entry) for code, entry in known["client"].items()]
    parts = [
        *(_ERRORS, "## Answers of the API\n", "By HTTP status.\n", *errors),
        *(
            "## Reasons of a rejection\n",
            "The `reason.code` of an upload that is `rejected`, or `deleted` unasked.\n",
            *reasons,
        ),
        *("## Codes of the browser's client\n", "`@valetkey/client` adds these to the codes above.\n", *client),
    ]
    return "\n".join(parts)


def _entry(code: str, meaning: str, known: Mapping[str, str]) -> str:
    """A section with the code as its heading, by which the `type` of a problem document finds it."""
    lines = [f"### `{code}`", meaning, f"*Cause:* {known['cause']}", f"*Cure:* {known['cure']}"]
    return "\n\n".join(line for line in lines if line) + "\n"
