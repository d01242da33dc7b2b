"""The table of stores in the documentation contains what is measured."""

from pathlib import Path

import pytest
from tests.support.store_kinds import KINDS, Servers, bucket_of_kind
from tests.support.store_measurements import QUESTIONS, measure

PAGE = Path(__file__).parents[2] / "service" / "docs" / "stores.md"
COLUMNS = [
    *("rgw", "ceph18", "juicefs", "juicefs-no-etag", "juicefs-plain"),
    *("localstack", "seaweedfs", "swift", "rclone", "moto"),
]
"""The kinds of stores, in the order of the table."""

OTHERWISE = {
    "nginx": {},
    "caddy": {"names of metadata": "X-Amz-Meta-Upload-Id"},
    "versioned": {"second PUT with `If-None-Match: *`": "ignored"},
    "locked": {"second PUT with `If-None-Match: *`": "ignored"},
}
"""What differs from Ceph RGW 16 alone, as the text below the table says."""


def documented() -> dict[str, dict[str, str]]:
    """The columns by kind."""
    rows = [line.strip("| \n").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = {row[0]: row[1:] for row in rows if row[0] in QUESTIONS}
    assert cells.keys() == QUESTIONS.keys()
    columns = {kind: {row: cell[number] for row, cell in cells.items()} for number, kind in enumerate(COLUMNS)}
    return columns | {kind: columns["rgw"] | other for kind, other in OTHERWISE.items()}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in {*COLUMNS, *OTHERWISE}])
def test_the_table_is_measured(kind: str, servers: Servers) -> None:
    """Each cell, on the store itself."""
    with bucket_of_kind(servers, kind) as bucket:
        assert measure(bucket) == documented()[kind]
