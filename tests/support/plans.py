"""The cost of a ledger's call in the database: PostgreSQL's plans and the blocks that they read, SQLite's
instructions."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event

from valetkey.adapters.sql import SqlLedger

_LOOKS = re.compile(r"\s*(SELECT|WITH|DELETE|UPDATE)\b")


@dataclass
class Plans:
    """All plans of a call: the number of ``blocks`` of tables and indexes that were read, of rows that were read and
    filtered out (``left_out``), and of rows that one node sorted."""

    blocks: int = 0
    left_out: int = 0
    sorted_rows: int = 0
    milliseconds: float = 0.0
    statements: int = 0
    scanned: set[str] = field(default_factory=set)
    """The tables that were read by sequential scans."""
    text: list[str] = field(default_factory=list)


def plans(ledger: SqlLedger, call: Callable[[], object]) -> Plans:
    """The cost of the queries in ``call``. Each statement is run twice, and the first run is rolled back."""
    made = Plans()

    def explain(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not _LOOKS.match(statement):
            return
        driver: Any = connection.connection.driver_connection
        with driver.transaction(force_rollback=True):
            cursor = driver.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
            [[[whole]]] = cursor.fetchall()
        _note(made, statement, whole)

    engines = {id(engine.pool): engine for engine in (ledger._readers, ledger._writers)}.values()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", explain)
    try:
        call()
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", explain)
    return made


def _note(made: Plans, statement: str, whole: dict[str, Any]) -> None:
    root = whole["Plan"]
    made.statements += 1
    made.milliseconds += whole["Execution Time"]
    made.blocks += root["Shared Hit Blocks"] + root["Shared Read Blocks"]
    made.text.append(statement)
    for node in _nodes(root):
        kind = node["Node Type"]
        if kind == "Seq Scan":
            made.scanned.add(node["Relation Name"])
        if "Sort" in kind:
            made.sorted_rows = max(made.sorted_rows, int(node["Plans"][0]["Actual Rows"]))
        made.left_out += int(node.get("Rows Removed by Filter", 0)) * int(node["Actual Loops"])
        names = (node.get(name) for name in ("Node Type", "Relation Name", "Index Name", "Actual Rows"))
        made.text.append("  " + " ".join(str(name) for name in names if name is not None))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)


def sqlite_steps(ledger: SqlLedger, call: Callable[[], object]) -> int:
    """The number of instructions of SQLite for the queries of ``call``, in tens; it is the same on every machine."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    def watch(connection: Any, *_: Any) -> None:
        connection.set_progress_handler(count, 10)

    ledger._readers.dispose()
    event.listen(ledger._readers, "connect", watch)
    try:
        call()
    finally:
        event.remove(ledger._readers, "connect", watch)
        ledger._readers.dispose()
    return taken
