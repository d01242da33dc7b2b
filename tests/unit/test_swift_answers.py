"""The Swift package interprets a store's responses as the project's list does."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "frontend" / "swift" / "scripts" / "answers.py"


def test_the_generated_list_is_current() -> None:
    """Otherwise run frontend/swift/scripts/answers.py."""
    spec = importlib.util.spec_from_file_location("swift_answers", SCRIPT)
    assert spec
    assert spec.loader
    answers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(answers)
    assert answers.TARGET.read_text() == answers.generated()
