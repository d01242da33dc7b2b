"""Lists of uploads. The cost of a page depends on its length, whatever it leaves out.

No index serves every combination of filters in the order of a list. But there are few states, accounts and profiles: a
page is merged from the pages of each combination, each of which is one range of `uploads_by_kind`. If there are many
accounts, for example one for each user, an operator's list of all of them is read from the newest upload on.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, Select, func, select, tuple_, union_all
from sqlalchemy.sql.elements import ColumnElement

from valetkey.adapters.sql.rows import as_upload
from valetkey.adapters.sql.schema import uploads
from valetkey.core.errors import RecordUnknown
from valetkey.core.model.upload import Upload, UploadId, UploadState
from valetkey.core.ports.ledger import Query

Selected = Select[Any]

BRANCHES = 100
"""How many ranges one statement reads; SQLite allows 500."""

MANY = 100
"""From how many accounts on reading their ranges costs more than reading each upload."""


def read_page(connection: Connection, query: Query, unreadable: list[UploadId] | None = None) -> list[Upload]:
    """The newest uploads that match ``query``. ``unreadable`` gets the ids of those that cannot be read."""
    if query.claimed:
        statement = _newest(select(uploads), query, *_claimed(query))
    elif query.state is None and query.profile is None:
        statement = _newest(select(uploads), query)
    elif (accounts := _accounts(connection, query)) is None:
        statement = _newest(select(uploads), query, *_of_kind(query))
    else:
        ids = _newest_ids(connection, query, accounts)
        statement = select(uploads).where(uploads.c.id.in_(ids)).order_by(uploads.c.id.desc())
    rows = connection.execute(statement).mappings()
    return [as_upload(row) for row in rows] if unreadable is None else _apart(rows, unreadable)


def _apart(rows: Iterable[RowMapping], unreadable: list[UploadId]) -> list[Upload]:
    found: list[Upload] = []
    for row in rows:
        try:
            found.append(as_upload(row))
        except RecordUnknown as error:
            unreadable.append(UploadId(error.subject))
    return found


def _claimed(query: Query) -> Iterator[ColumnElement[bool]]:
    """The filters for the index of claimed uploads; the others, written to fit no index, leave out few uploads."""
    yield uploads.c.claim_reference.is_not(None)
    yield from _of_kind(query)


def _accounts(connection: Connection, query: Query) -> list[str] | None:
    """The accounts that match the query; None if there are many."""
    if query.account is not None:
        return [query.account]
    accounts = _names(connection, uploads.c.account, limit=MANY)
    return accounts if len(accounts) < MANY else None


def _of_kind(query: Query) -> Iterator[ColumnElement[bool]]:
    """The filters, written so that PostgreSQL uses no index with another order for them."""
    if query.state is not None:
        yield func.coalesce(uploads.c.state, "") == query.state.value
    if query.profile is not None:
        yield func.coalesce(uploads.c.profile, "") == query.profile


def _newest_ids(connection: Connection, query: Query, accounts: Sequence[str]) -> list[str]:
    """The ids of the page, merged from the pages of each range."""
    found: list[str] = []
    stretches = list(_stretches(connection, query, accounts))
    for first in range(0, len(stretches), BRANCHES):
        each = (select(stretch.subquery().c.id) for stretch in stretches[first : first + BRANCHES])
        found += connection.scalars(union_all(*each))
    return sorted(found, reverse=True)[: query.limit]


def _stretches(connection: Connection, query: Query, accounts: Sequence[str]) -> Iterator[Selected]:
    """The pages of each account, state and profile that match the query."""
    states = [state.value for state in UploadState] if query.state is None else [query.state.value]
    for account, state in product(accounts, states):
        own = (uploads.c.account == account, uploads.c.state == state)
        profiles = _names(connection, uploads.c.profile, *own) if query.profile is None else [query.profile]
        for profile in profiles:
            yield _stretch(account, state, profile, query)


def _stretch(account: str, state: str, profile: str, query: Query) -> Selected:
    """One range of the index, the only one with this order. With three equalities PostgreSQL may scan all ids from the
    newest on, as it expects such uploads among them. Both bounds are of one column, as a scan does not end at the
    second of several columns (PostgreSQL 15 took 6.6 s for that at 10,000,000 uploads)."""
    column, kind = uploads.c.profile, (uploads.c.account == account, uploads.c.state == state)
    upper = column <= profile if query.before is None else tuple_(column, uploads.c.id) < (profile, query.before)
    statement = select(uploads.c.id).where(*kind, column >= profile, upper)
    return statement.order_by(column.desc(), uploads.c.id.desc()).limit(query.limit)


def _newest(statement: Selected, query: Query, *conditions: ColumnElement[bool]) -> Selected:
    statement = statement.where(*conditions)
    if query.account is not None:
        statement = statement.where(uploads.c.account == query.account)
    if query.before is not None:
        statement = statement.where(uploads.c.id < query.before)
    return statement.order_by(uploads.c.id.desc()).limit(query.limit)


def _names(
    connection: Connection, column: Column[str], *own: ColumnElement[bool], limit: int | None = None
) -> list[str]:
    """The values in ``column`` of such uploads, at most ``limit``: one step in the index for each value, not for each
    upload."""
    first = select(func.min(column).label("name")).where(*own)
    names = first.cte("names", recursive=True)
    after = select(func.min(column)).where(*own, column > names.c.name).scalar_subquery()
    names = names.union_all(select(after).where(names.c.name.is_not(None)))
    return list(connection.scalars(select(names.c.name).where(names.c.name.is_not(None)).limit(limit)))
