"""The size that a system reports for a file can differ from its contents.

Reported: in /proc, and where a file is brought from elsewhere once it is read, a size of 0 is said of files that have
bytes (strukto-ai/mirage 83, linuxdeepin/deepin-editor pull request 466). Ours: `put` confirmed an empty object, exit 0.
"""

from pathlib import Path

import pytest
from tests.support.processes import run
from tests.support.servers import VALETKEY

from valetkey.client.errors import FileError
from valetkey.client.files.find import FileOptions, inspect_file

FALSE = Path("/proc/version")


@pytest.mark.skipif(not FALSE.exists() or FALSE.stat().st_size > 0, reason="needs Linux's /proc")
def test_more_than_was_said_is_not_sent_as_nothing(tmp_path: Path) -> None:
    """It is an error of the file, which says how it can be sent."""
    source = inspect_file(str(FALSE), FileOptions())
    with pytest.raises(FileError, match=r"more than the 0 bytes.*put -") as caught:
        source.open().close()
    assert caught.value.code == "size_unknown"
    endpoint = "http://127.0.0.1:9"
    command: list[str | Path] = [VALETKEY, "put", "--endpoint", endpoint, "--token", "vk_1", "--retry-for", "0", FALSE]
    done = run(command, cwd=tmp_path, timeout=120)
    assert done.returncode == 6
    assert "size_unknown" in done.stdout + done.stderr


def test_an_empty_file_is_one(tmp_path: Path) -> None:
    """And one of known size is read from its beginning."""
    for content in (b"", b"bytes"):
        (tmp_path / "a").write_bytes(content)
        with inspect_file(str(tmp_path / "a"), FileOptions()).open() as file:
            assert file.read() == content
