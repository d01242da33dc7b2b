"""Writes Sources/ValetKey/StoreAnswers.swift from the list that all of the project decides by; --check compares."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parents[1]
TARGET = HERE / "Sources" / "ValetKey" / "StoreAnswers.swift"
LIST = HERE.parents[1] / "service" / "valetkey" / "reference" / "store_answers.json"
OPERATIONS = ("post", "put", "part")
AS = {"placement": "refused", "unsupported": "refused", "missing": "refused", "changed": "refused"}


def of(means: "str | dict[str, str]") -> str:
    """To a form, to a PUT and to a part; one word where these are the same."""
    words = [means if isinstance(means, str) else means.get(name, means["*"]) for name in OPERATIONS]
    words = [AS.get(word, word) for word in words]
    return words[0] if len(set(words)) == 1 else " ".join(words)


def rows(name: str, comment: str, entries: "dict[str, str | dict[str, str]]") -> str:
    groups: dict[str, list[str]] = {}
    for key, means in entries.items():
        groups.setdefault(of(means), []).append(key)
    lines = [f'    (means: "{means}", keys: "{" ".join(keys)}"),' for means, keys in sorted(groups.items())]
    return "\n".join([f"/// {comment}", f"let {name}: [(means: String, keys: String)] = [", *lines, "]", ""])


def generated() -> str:
    said = json.loads(LIST.read_text())
    codes = {code: one["means"] for code, one in said["codes"].items()}
    return "\n".join(
        [
            "// Generated from service/valetkey/reference/store_answers.json by scripts/answers.py. Do not edit.\n",
            rows("storeCodes", "What each code means; where that differs, to a form, to a PUT and to a part.", codes),
            rows("storeStatuses", "What a status means by itself.", said["statuses"]),
        ]
    )


if __name__ == "__main__":
    if "--check" not in sys.argv:
        TARGET.write_text(generated())
    elif TARGET.read_text() != generated():
        sys.exit(f"{TARGET} is not what the list says: run scripts/answers.py")
