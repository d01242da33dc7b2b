"""The page of benchmarks: its table, plot and profiles are generated, and its text matches the figures."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from tests.bench import plot, report
from tests.bench.profiles import summary
from tests.bench.result import Entry, Found, Latency, Row

FASTER = Row("a grant", 1234.5, 1.0, peer="a peer", theirs=617.25, latency=Latency(20.04, 41.3), bound="not shown")
SLOWER = replace(
    Row("`put` of a file", 0.9, 0.5, "s", "aws <3", 1.0, at_least=False),
    bound="it was busy",
    profile=(("valetkey.client", 0.41),),
)
ALONE = Row("ready", 1.25, 1.0, unit="s", at_least=False)


def found(*rows: Row, others: float = 0.0) -> Found:
    entries = [Entry("bench", "2026-11-27", others, row) for row in rows]
    return Found({"processor": "2 cores of a kind", "disk": "a disk"}, {"flask": "3"}, entries)


@pytest.mark.parametrize(
    ("row", "margin", "met"),
    [
        (FASTER, 2.0, True),
        (SLOWER, 0.5 / 0.9, False),
        (ALONE, 0.8, False),
        (replace(ALONE, ours=1.0), 1.0, True),
        (replace(FASTER, target=2.1), 2 / 2.1, False),
    ],
)
def test_a_row_knows_its_distance_to_its_target(row: Row, margin: float, *, met: bool) -> None:
    """In the same sense whether more or less is better, with a peer and without."""
    assert row.margin == pytest.approx(margin)
    assert row.met is met


def test_what_was_found_is_kept_as_it_was() -> None:
    """Latencies, profiles and what is missing included; a bench that runs again replaces its own rows only."""
    one = found(FASTER, SLOWER, ALONE)
    assert Found.from_json(json.loads(json.dumps(one.as_json()))) == one
    other = Entry("other", "2026-11-28", 0.0, ALONE)
    one.add("other", [other])
    one.add("bench", [])
    assert one.entries == [other]


def test_the_table_has_each_row_with_its_target() -> None:
    """And the sentences around it say where, when and with what, and what bounds the rows that are behind."""
    said = report.measured(found(FASTER, SLOWER, ALONE))
    assert "Measured on 2026-11-27 on one machine: 2 cores of a kind; a disk." in said
    assert "| a grant<br>beside a peer | 1,234/s | 617/s | 2.00 | at least 1 ✓ | 20.0, 41.3 |" in said
    assert "| `put` of a file<br>beside aws <3 | 0.90 s | 1.00 s | 0.90 | at most 0.5, **missed** | - |" in said
    assert "| ready | 1.25 s | - | - | at most 1 s, **missed** | - |" in said
    assert "- `put` of a file, beside aws <3: it was busy. Its Python time, by py-spy: `valetkey.client` 41%." in said
    assert "not shown" not in said
    assert "flask 3" in said
    assert "not quiet" not in said


def test_a_machine_that_had_other_work_is_told_of() -> None:
    assert "other programs took up to 60% of its processors" in report.measured(found(FASTER, others=0.6))


def test_the_plot_has_each_row_on_the_side_of_its_target() -> None:
    """As SVG that is well-formed whatever rows are called."""
    root = ET.fromstring(plot.svg([FASTER, SLOWER, replace(ALONE, ours=1e9)]))
    name = "{http://www.w3.org/2000/svg}"
    target = next(float(line.attrib["x1"]) for line in root.iter(f"{name}line") if line.attrib["class"] == "target")
    _, _, *dots = [(dot.attrib["class"], float(dot.attrib["cx"])) for dot in root.iter(f"{name}circle")]
    assert [(kind, x > target) for kind, x in dots] == [("met", True), ("missed", False), ("missed", False)]
    assert all(0 < x < plot.WIDTH for _, x in dots)
    words = [text.text for text in root.iter(f"{name}text")]
    assert "beside aws <3" in words
    assert "0.9 (≤ 0.5)" in words


def test_the_page_has_a_place_for_it() -> None:
    """What is written there replaces what was there, and nothing around it; writing it twice changes nothing."""
    before = report.PAGE.read_text(encoding="utf-8")
    after = report.page(found(FASTER), before)
    head, tail = before.partition(report.BEGIN)[0], before.partition(report.END)[2]
    assert after.startswith(head)
    assert after.endswith(tail)
    assert "| a grant<br>beside a peer |" in after
    assert report.page(found(FASTER), after) == after
    with pytest.raises(ValueError, match="no <!-- measured"):
        report.page(found(FASTER), "# Benchmarks\n")


def test_no_figure_stands_outside_of_it() -> None:
    """Results are measured, not typed: what is around them has no table and no factor."""
    text = report.PAGE.read_text(encoding="utf-8")
    around = text.partition(report.BEGIN)[0] + text.partition(report.END)[2]
    assert not re.search(r"^\||\d times|\d %|\d/s\b", around, re.MULTILINE)


def test_a_profile_counts_a_moment_for_whom_it_was() -> None:
    """Python's own library for whoever asked it, packages of others by their name, modules of ours by theirs."""
    flask, policy = "/venv/lib/python3.11/site-packages/flask/app.py", "/x/service/valetkey/core/signing/policy.py"
    client = "/x/service/valetkey/client/__init__.py"
    raw = f"""<module> (/venv/bin/valetkey);run ({flask}) 2
run ({flask});sign ({policy});new (/usr/lib/python3.11/hmac.py) 5
wait (/usr/lib/python3.11/threading.py) 1
f ({client});<genexpr> ({client}) 2
process 7:"python valetkey serve" 90
 1000
"""
    assert summary(raw) == (
        ("valetkey.core.signing.policy", 0.5),
        ("flask", 0.2),
        ("valetkey.client", 0.2),
        ("Python itself", 0.1),
    )
    assert summary("") == ()
