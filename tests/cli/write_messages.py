"""Writes the page of messages: ``python -m tests.cli.write_messages``."""

from tests.cli.messages import messages
from tests.cli.test_cli_messages import PAGE

HEAD = """# Messages

Every message of the command line and of the errors that it prints, with the module that says it; `…` stands for a value.
Each says what happened, to what, and what to do. What to do about the larger troubles is told in
[troubleshooting](troubleshooting.md). `python -m tests.cli.write_messages` writes this page, and a test keeps it whole.

| message | said by |
|---|---|
"""


def main() -> None:
    """Write the page."""
    lines = [
        f"| {text.replace('|', chr(92) + '|')} | `{module}` |"
        for text, module in messages().items()
    ]
    PAGE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
