"""The units of infra/systemd: what systemd says of them, and an upload under them where systemd runs them."""

from pathlib import Path

import pytest
from tests.support import processes
from tests.support.servers import VALETKEY

UNITS = Path(__file__).parents[2] / "infra" / "systemd"

pytestmark = pytest.mark.needs("units")


@pytest.fixture(params=["valetkey.service", "valetkey-worker.service"])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit with the command of this virtual environment in it."""
    file = tmp_path / request.param
    text = (UNITS / request.param).read_text()
    assert "/opt/valetkey/bin/valetkey " in text
    file.write_text(text.replace("/opt/valetkey/bin/valetkey ", f"{VALETKEY} "))
    return file


def test_systemd_understands_every_line(unit: Path) -> None:
    """No unknown setting, no missing command."""
    done = processes.run(["systemd-analyze", "verify", "--man=no", unit], timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_little_is_left_open(unit: Path) -> None:
    """An exposure of 1.5 at most, of 10: what is left is the network that it is for."""
    done = processes.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", unit], timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall exposure level" in done.stdout
