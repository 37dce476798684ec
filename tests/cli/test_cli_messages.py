"""The page of messages has every message, and each says what to do."""

from __future__ import annotations

import re

import pytest

from tests.cli.messages import PACKAGE, messages

PAGE = PACKAGE.parent / "docs" / "messages.md"
FOUND = messages()
TOO_OLD = re.compile(
    r"\b(whoever|whereof|thereof|say which it is|tell of|it is said|as when|ask for ids)\b",
    re.IGNORECASE,
)


def test_the_page_has_every_message() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [text for text in FOUND if f"| {text.replace('|', chr(92) + '|')} |" not in page]
    assert not missing, "run `python -m tests.cli.write_messages`, and review the change"


@pytest.mark.parametrize("text", FOUND)
def test_each_message_is_in_plain_words(text: str) -> None:
    assert not TOO_OLD.search(text)
