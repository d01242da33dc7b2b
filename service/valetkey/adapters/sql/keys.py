"""API keys in an SQL database."""

from datetime import datetime

from sqlalchemy import insert, select, update

from valetkey.adapters.sql.database import Database
from valetkey.adapters.sql.rows import as_key, as_key_row, micros
from valetkey.adapters.sql.schema import api_keys
from valetkey.core.access.api_keys import ApiKey


class SqlKeyRing(Database):
    """`KeyRing` in an SQL database."""

    def add_key(self, key: ApiKey) -> None:
        row = as_key_row(key)
        self._write(lambda connection: connection.execute(insert(api_keys), row).rowcount)

    def get_key(self, key_id: str) -> ApiKey | None:
        with self._reading() as connection:
            row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).mappings().first()
        return None if row is None else as_key(row)

    def list_keys(self) -> list[ApiKey]:
        statement = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        with self._reading() as connection:
            return [as_key(row) for row in connection.execute(statement).mappings()]

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        statement = (
            update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=micros(at))
        )
        self._write(lambda connection: connection.execute(statement).rowcount)
        with self._reading() as connection:  # also finds keys of a newer version, which can be revoked
            return connection.execute(select(api_keys.c.id).where(api_keys.c.id == key_id)).first() is not None
