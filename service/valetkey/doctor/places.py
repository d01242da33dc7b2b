"""Selects the store of a run, if there are several."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import boto3

from valetkey.core.errors import ConfigurationError
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import DEFAULT_STORE
from valetkey.opening import s3_settings_of, senders_of
from valetkey.senders import EventSettings, kind_of
from valetkey.settings import Settings, StoreTable, load_config


class Place(NamedTuple):
    """One store as if it were the only one: the ``settings`` of such an installation, and what they cannot express."""

    settings: Settings
    session: boto3.Session
    prefix: str = ""
    staging_prefix: str = ""
    senders: frozenset[str] | None = None
    table: str | None = None
    """The name of its ``[stores.NAME]``, if it has one."""


def at_store(settings: Settings, session: boto3.Session, name: str | None) -> Place:
    """The named store; None: the environment's, or the only one. Raises `ConfigurationError`."""
    tables = load_config(settings.config).stores
    if name is None and (settings.bucket or not tables):
        return Place(settings, session)
    if name is None and len(tables) > 1:
        raise ConfigurationError(f"Choose a store: --store {' or --store '.join(sorted(tables))}.")
    name = next(iter(tables)) if name is None else name
    place = s3_settings_of(settings, name)  # if there is none of that name, its error lists those that exist
    table = tables.get(name)
    if table is None:
        return Place(settings, session)
    return Place(
        settings.model_copy(update=_said(table, place.grant_keys)),
        place.source.session(session),
        table.prefix,
        table.staging_prefix,
        frozenset(kind_of(one) for one in senders_of(name, table)),
        name,
    )


_SETTING = re.compile(r"VALETKEY_([A-Z0-9_]+)(?:=([\w-]+))?")


def named_in(text: str, table: str | None) -> str:
    """``text`` with names of environment settings replaced by those in ``[stores.NAME]``."""
    return text if table is None else _SETTING.sub(lambda found: _named(found, table), text)


def _named(found: re.Match[str], table: str) -> str:
    name, value = _IN_TABLE.get(found[1].lower()), found[2]
    if name is None:
        return found[0]
    said = f'["{value}"]' if name == "lacks" else f'"{value}"'
    return f"{name} of [stores.{table}]" if value is None else f"{name} = {said} of [stores.{table}]"


def profiles_at(settings: Settings, profiles: Mapping[str, Profile], name: str | None) -> Mapping[str, Profile]:
    """The profiles whose uploads may go to the named store (None: the environment's, or the only one), as they apply
    there: the store need not support what other profiles demand."""
    config = load_config(settings.config)
    is_only = len(config.stores) + bool(settings.bucket) <= 1
    at = name or (next(iter(config.stores)) if is_only and config.stores else DEFAULT_STORE)
    here = {
        one: profile
        for one, profile in profiles.items()
        if is_only or config.stores_by_owner or (profile.store or DEFAULT_STORE) == at
    }
    key = config.stores[at].sse_kms_key_id if at in config.stores else None
    return here if key is None else {one: _encrypted(profile, key) for one, profile in here.items()}


def _encrypted(profile: Profile, key_id: str) -> Profile:
    """The profile in a store with its own KMS key (`encrypted_by`)."""
    if profile.sse_kms_key_id is None and profile.sse in {None, "aws:kms"}:
        return replace(profile, sse="aws:kms", sse_kms_key_id=key_id)
    return profile


_IN_TABLE = {name if name in Settings.model_fields else f"s3_{name}": name for name in StoreTable.model_fields}
_IN_TABLE |= dict.fromkeys(["s3_grant_access_key_id", "s3_grant_secret_access_key"], "grant_aws_profile")
"""The settings of a store, by their names in the environment."""


def _said(table: StoreTable, grant_keys: tuple[str, str] | None) -> dict[str, object]:
    """The environment's settings for such a store."""
    access_key, secret = grant_keys or (None, None)
    own = {
        name: getattr(table, name) for name in [*EventSettings.model_fields, "events_sqs_queue_url", "events_bucket"]
    }
    return {name: value for name, value in own.items() if value} | {
        "bucket": table.bucket,
        "s3_region": table.region,
        "s3_endpoint_url": table.endpoint_url,
        "s3_public_endpoint_url": table.public_endpoint_url,
        "s3_addressing_style": table.addressing_style,
        "s3_lacks": tuple(table.lacks),
        "s3_accelerate": table.accelerate,
        "s3_dualstack": table.dualstack,
        "s3_max_object_size": table.max_object_size,
        "s3_grant_access_key_id": access_key,
        "s3_grant_secret_access_key": secret,
    }
