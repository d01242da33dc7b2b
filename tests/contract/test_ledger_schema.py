"""The schema: how it is created, migrated with data in it, and found missing."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text

from valetkey.adapters.ledgers import open_ledger
from valetkey.adapters.sql import SqlLedger, migrations
from valetkey.adapters.sql.rows import as_call_row, as_erasure_row, as_key_row, as_outbox_row, as_row
from valetkey.adapters.sql.schema import FORMER, TABLES, VERSION, metadata
from valetkey.core.access.api_keys import Scope, new_key
from valetkey.core.errors import ConfigurationError, LedgerUnavailable
from valetkey.core.model.announcement import Announcement
from valetkey.core.model.erasure import new_erasure
from valetkey.core.model.upload import UploadState, new_upload_id
from valetkey.testing.contracts.samples import NOW, full, upload


def test_a_database_without_the_schema_is_told(any_url: str) -> None:
    """Whatever is asked of it says what to run: an application that has valetkey in it never calls `check`."""
    with closing(SqlLedger(any_url)) as empty:
        with pytest.raises(LedgerUnavailable, match="valetkey migrate"):
            empty.check()
        with pytest.raises(LedgerUnavailable, match="valetkey migrate"):
            empty.add([upload()])
        with pytest.raises(LedgerUnavailable, match="valetkey migrate"):
            empty.get(new_upload_id())


def test_a_database_with_an_older_schema_is_told(kept: SqlLedger) -> None:
    """A column that is missing is a schema to migrate, too."""
    with kept._writers.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE uploads RENAME COLUMN owner TO former_owner")
    with pytest.raises(LedgerUnavailable, match="valetkey migrate"):
        kept.get(new_upload_id())
    with pytest.raises(LedgerUnavailable, match="valetkey migrate"):
        kept.add([upload()])


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nonsense",
        "mysql://localhost/x",
        "postgresql://localhost:port/x",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////no/such/folder/x.db",
    ],
)
def test_a_url_it_cannot_use_is_a_setting_to_mend(bad: str) -> None:
    """At the start, not at the first request."""
    for open_it in (SqlLedger, open_ledger):
        with pytest.raises(ConfigurationError):
            open_it(bad)


def test_a_url_chooses_its_ledger_by_its_scheme(any_url: str) -> None:
    """With a driver's name behind it, too; what there is none for is told what there is."""
    scheme, _, place = any_url.partition(":")
    driver = {"sqlite": "pysqlite", "postgresql": "psycopg"}[scheme.partition("+")[0]]
    for url in (any_url, f"{scheme.partition('+')[0]}+{driver}:{place}"):
        with closing(open_ledger(url)) as ledger:
            ledger.migrate()
            ledger.check()
    with pytest.raises(ConfigurationError, match="sqlite:// or postgresql://"):
        open_ledger("mysql://localhost/x")


def test_versions_are_known_by_their_files() -> None:
    """Without Alembic, which says the same: the files of all versions, and which is the last."""
    scripts = ScriptDirectory.from_config(migrations.config())
    assert migrations.known() == {script.revision for script in scripts.walk_revisions()}
    assert [migrations.newest()] == scripts.get_heads()


def test_the_migrations_make_the_schema(kept: SqlLedger) -> None:
    """What Alembic built and what the code expects do not differ in a table, a column, a type or an index."""
    with kept._writers.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "version_table": VERSION})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(kept: SqlLedger) -> None:
    """And loses nothing."""
    one = upload()
    kept.add([one])
    kept.migrate()
    assert kept.get(one.id) == one


COMMON = {"users", "settings", "accounts", "files", "events", "options"}
"""Tables that many an application has, in whose database the ledger may be."""


def test_no_table_is_called_as_those_of_applications_are() -> None:
    assert not COMMON & {*metadata.tables}


def test_a_table_of_somebody_else_is_named(any_url: str) -> None:
    """Of one that is in the way migrating says so, and goes on once it is out of the way."""
    with closing(SqlLedger(any_url)) as ledger:
        with ledger._writers.begin() as connection:
            connection.execute(text("CREATE TABLE profiles (mine integer)"))
            connection.execute(text("CREATE TABLE settings (mine integer)"))
        with pytest.raises(ConfigurationError) as refused:
            ledger.migrate()
        assert "'profiles'" in refused.value.detail
        with ledger._writers.begin() as connection:
            assert connection.execute(text("SELECT mine FROM profiles")).all() == []
            connection.execute(text("ALTER TABLE profiles RENAME TO our_profiles"))
        ledger.migrate()
        ledger.check()
        with ledger._readers.connect() as connection:
            assert [one["name"] for one in inspect(connection).get_columns("settings")] == ["mine"]


def test_a_table_of_somebody_else_in_another_schema_is_in_nobodys_way(postgres_url: str) -> None:
    """PostgreSQL sees those of `public`, too, where the ledger's role has a schema of its own (its "$user")."""
    with closing(SqlLedger(postgres_url)) as ledger:
        with ledger._writers.begin() as connection:
            name = connection.execute(text("SELECT current_database()")).scalar_one()
            for statement in (
                "CREATE TABLE public.profiles (mine integer)",
                "CREATE SCHEMA own",
                f'ALTER DATABASE "{name}" SET search_path = own, public',
            ):
                connection.execute(text(statement))
        ledger._readers.dispose()
        ledger._writers.dispose()
        ledger.migrate()
        ledger.check()
        with ledger._readers.connect() as connection:
            assert {*metadata.tables} <= {*inspect(connection).get_table_names("own")}


@pytest.mark.parametrize("revision", ["ae1027a6acf1", "0003"])
def test_an_application_has_migrations_of_its_own(any_url: str, revision: str) -> None:
    """In the database that both are in, as a claim within its transaction needs it: Flask-Migrate's version is in a
    table that is Alembic's own, and whatever it is, `valetkey migrate` neither heeds nor touches it. Told which tables
    are ours, it would remove none of them."""
    with closing(SqlLedger(any_url)) as ledger:
        with ledger._writers.begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            connection.execute(text(f"INSERT INTO alembic_version VALUES ('{revision}')"))
        with pytest.raises(LedgerUnavailable, match="no tables yet"):
            ledger.check()
        for _ in range(2):
            ledger.migrate()
            ledger.check()
        with ledger._readers.connect() as connection:
            theirs = MigrationContext.configure(
                connection, opts={"include_name": lambda name, kind, _: kind != "table" or name not in TABLES}
            )
            assert theirs.get_current_heads() == (revision,)
            assert compare_metadata(theirs, MetaData()) == []


def test_a_ledger_whose_version_is_in_alembics_table(any_url: str) -> None:
    """As commits before had it: it can be used as it is, and the next `migrate` leaves that table to applications."""
    one = upload()
    with closing(SqlLedger(any_url)) as ledger:
        ledger.migrate()
        ledger.add([one])
        with ledger._writers.begin() as connection:
            for statement in (
                "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
                f"INSERT INTO alembic_version SELECT version_num FROM {VERSION}",
                f"DROP TABLE {VERSION}",
            ):
                connection.execute(text(statement))
        ledger.check()
        ledger.migrate()
        ledger.check()
        assert ledger.get(one.id) == one
        with ledger._readers.connect() as connection:
            assert "alembic_version" not in inspect(connection).get_table_names()


def test_what_was_declared_under_the_former_name_is_there(any_url: str) -> None:
    """A ledger of a commit in between, in which the table of what was declared was called `settings`."""
    with closing(SqlLedger(any_url)) as ledger:
        ledger.migrate()
        ledger.declare({"sweep": "60"}, NOW, "settings")
        with ledger._writers.begin() as connection:
            connection.execute(text("ALTER TABLE declared_settings RENAME TO settings"))
            connection.execute(text("ALTER TABLE workers DROP COLUMN still"))  # which a later version has made
            connection.execute(text("UPDATE valetkey_version SET version_num = '0015'"))
        ledger.migrate()
        assert ledger.declare({}, NOW, "settings")["sweep"].terms == "60"
        with ledger._readers.connect() as connection:
            assert "settings" not in inspect(connection).get_table_names()


def test_two_ledgers_of_one_process_are_migrated_at_once(tmp_path: Path) -> None:
    """By threads, as by two applications in one server."""
    urls = [f"sqlite:///{tmp_path / str(number)}.db" for number in range(6)]

    def migrate(url: str) -> None:
        with closing(SqlLedger(url)) as ledger:
            ledger.migrate()
            ledger.check()

    with ThreadPoolExecutor(len(urls)) as pool:
        list(pool.map(migrate, urls))


def test_open_uploads_of_the_first_schema_become_due(url: str, tmp_path: Path) -> None:
    """A ledger of version 0001 is migrated with what is in it; what is open is looked at, what has ended is not."""
    columns = {
        "version": 1, "profile": "default", "account": "shop", "owner": "ann", "filename": "a", "size": 1, "pins": 0,
        "content_type": "t/t", "bucket": "b", "created_at": 0, "expires_at": 7, "renewable_until": 9, "redirect": 0,
    }  # fmt: skip
    with closing(SqlLedger(url)) as ledger:
        with ledger._writers.connect() as connection:
            command.upgrade(migrations.config(connection), "0001")
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
            for state in UploadState:
                row = columns | {"id": new_upload_id(), "state": state.value}
                other.execute(
                    f"INSERT INTO uploads ({','.join(row)}) VALUES ({','.join('?' * len(row))})", [*row.values()]
                )
            other.commit()
        ledger.migrate()
        found = ledger.due(NOW, 10)
    assert {one.state for one in found} == {UploadState.PENDING, UploadState.STORED, UploadState.EXPIRED}
    assert {one.due_at for one in found} == {found[0].expires_at}


@pytest.mark.parametrize("place", ["url", "postgres_url"])
def test_keys_of_the_schema_before_scopes_are_for_uploads(place: str, request: pytest.FixtureRequest) -> None:
    """A ledger of version 0003 keeps its keys and what they may do."""
    with closing(SqlLedger(str(request.getfixturevalue(place)))) as ledger:
        with ledger._writers.connect() as connection:
            command.upgrade(migrations.config(connection), "0003")
            insert = "INSERT INTO api_keys (id, name, digest, created_at) VALUES ('0123456789ab', 'shop', 'd', 7)"
            connection.exec_driver_sql(insert)
            connection.commit()
        ledger.migrate()
        [key] = ledger.list_keys()
        assert (key.name, key.scope) == ("shop", Scope.UPLOADS)


def test_checks_of_an_older_version_are_made_again(any_url: str) -> None:
    """It read where a form may write still: of what is `stored` only an infection that was found is kept."""
    columns = {
        "version": 1, "profile": "default", "account": "shop", "owner": "ann", "filename": "a", "size": 1, "pins": 1,
        "content_type": "t/t", "bucket": "b", "created_at": 0, "expires_at": 7, "renewable_until": 9, "redirect": 0,
        "object_key": "uploads/x", "object_etag": "e", "object_size": 1, "object_content_type": "t/t",
        "inspected_pin": 1, "detected_type": "t/t", "verdict_etag": "e",
    }  # fmt: skip
    rows = {
        "clean": {"state": "stored", "verdict_clean": 1},
        "infected": {"state": "stored", "verdict_clean": 0},
        "done": {"state": "confirmed", "verdict_clean": 1},
        "joined": {"state": "stored", "verdict_clean": 1, "multipart_key": "uploads/x", "multipart_part_size": 8},
    }
    ids = {name: new_upload_id() for name in rows}
    with closing(SqlLedger(any_url)) as ledger:
        with ledger._writers.connect() as connection:
            command.upgrade(migrations.config(connection), "0006")
        with ledger._writers.begin() as connection:
            for name, row in rows.items():
                values = columns | row | {"id": ids[name]}
                names, marks = ", ".join(values), ", ".join(f":{column}" for column in values)
                connection.execute(text(f"INSERT INTO uploads ({names}) VALUES ({marks})"), values)
        ledger.migrate()
        kept = {name: ledger.get(ids[name]) for name in rows}
    found = {
        name: (one.object.key.replace(one.id, "ID"), one.inspection is not None, one.verdict and one.verdict.clean)
        for name, one in kept.items()
        if one is not None and one.object is not None
    }
    assert found == {
        "clean": ("staging/ID", False, None),
        "infected": ("staging/ID", False, False),
        "done": ("uploads/x", True, True),
        "joined": ("uploads/x", False, None),
    }


def test_a_size_that_nobody_declared_is_null(any_url: str) -> None:
    """It was -1 up to version 0007. SQLite's table is copied for that: still without row ids, with all its indexes."""
    columns = {
        "version": 1, "profile": "default", "account": "shop", "owner": "ann", "filename": "a", "pins": 0,
        "content_type": "t/t", "bucket": "b", "created_at": 0, "expires_at": 7, "renewable_until": 9, "redirect": 0,
        "state": "pending", "due_at": 3,
    }  # fmt: skip
    with closing(SqlLedger(any_url)) as ledger:
        with ledger._writers.connect() as connection:
            command.upgrade(migrations.config(connection), "0007")
            before = _made_of(connection)
        ids = {size: new_upload_id() for size in (-1, 0, 7)}
        with ledger._writers.begin() as connection:
            for size, upload_id in ids.items():
                values = columns | {"id": upload_id, "size": size}
                names, marks = ", ".join(values), ", ".join(f":{column}" for column in values)
                connection.execute(text(f"INSERT INTO uploads ({names}) VALUES ({marks})"), values)
        ledger.migrate()
        ids[-2] = new_upload_id()
        with ledger._writers.begin() as connection:  # by a process of an older version, which nobody has stopped
            values |= {"id": ids[-2], "size": -1, "due_at": 4}
            connection.execute(text(f"INSERT INTO uploads ({names}) VALUES ({marks})"), values)
        kept = {size: ledger.get(upload_id) for size, upload_id in ids.items()}
        assert {size: one and one.size for size, one in kept.items()} == {-1: None, 0: 0, 7: 7, -2: None}
        with ledger._writers.connect() as connection:
            after = _made_of(connection)
    assert "size BIGINT NOT NULL" not in after.pop("uploads", "")
    for gone in ("uploads", *FORMER):
        before.pop(gone, "")
    assert before.items() <= after.items()
    assert [one.size for one in ledger.due(NOW, 10)] == [None, 0, 7, None]


def _made_of(connection: Connection) -> dict[str, str]:
    """The statements that make the table of uploads and its indexes, by name; SQLite's only."""
    if connection.dialect.name != "sqlite":
        return {}
    query = "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'uploads' AND sql IS NOT NULL"
    made = {name: " ".join(sql.split()) for name, sql in connection.exec_driver_sql(query)}
    assert "WITHOUT ROWID" in made["uploads"]
    return made


def test_a_row_names_every_column() -> None:
    """None is forgotten where uploads, API keys and announcements are written, and none is made up."""
    key, _ = new_key("shop", NOW)
    announced = Announcement("a", "upload.aborted", new_upload_id(), "{}", NOW, NOW)
    rows = {
        "uploads": as_row(full()),
        "api_keys": as_key_row(key),
        "outbox": as_outbox_row(announced),
        "hook_calls": as_call_row(announced.calling("a")),
        "erasures": as_erasure_row(new_erasure("shop", "ann", NOW)),
    }
    assert {name: set(row) for name, row in rows.items()} == {
        name: set(metadata.tables[name].c.keys()) for name in rows
    }
