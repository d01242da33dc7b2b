"""Tables of commands: complete cells in aligned columns, and no control sequences for the terminal."""

import os
import pty
from contextlib import redirect_stdout

import pytest

from valetkey.commands.terminal import print_table

NAMES = ("id", "what", "why")
ROWS = [("1", "a\x1b[2J.png", "long " * 100 + "end"), ("22", "b[bold].png", "")]


def test_a_table_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Every cell is whole, columns begin at the same place, and a line ends where its last cell does."""
    print_table(NAMES, ROWS)
    head, first, second, last = capsys.readouterr().out.splitlines()
    assert "'a\\x1b[2J.png'" in first
    assert "\x1b" not in first
    assert first.endswith("long end")
    assert second == "22  b[bold].png"
    assert head.index("what") == first.index("'a") == second.index("b[") == 4
    assert last == "2 in all."


def test_a_table_in_a_terminal() -> None:
    """It is as wide as the terminal; names are neither markup nor control sequences there."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal, redirect_stdout(terminal):
        print_table(NAMES, ROWS)
        terminal.flush()
        written = ""
        while "in all." not in written:  # a terminal hands it out in pieces
            written += os.read(ours, 100_000).decode()
    os.close(ours)
    assert "'a\\x1b[2J.png'" in written
    assert "\x1b[2J" not in written
    assert "b[bold].png" in written
    assert "2 in all." in written
