"""The group of all commands, each imported when it is used: ``--help`` needs neither client nor sandbox."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from .. import __version__

# By name: the module, the command in it, and what it does.
_COMMANDS = {
    "check": ("check", "check", "Check your account before a migration."),
    "import": ("imports", "import_", "Send the rows of a file, and report the outcome of each."),
    "map": ("validation", "map_", "Propose a mapping from a file's columns to Gameball's."),
    "validate": ("validation", "validate", "Check every row of a file. Nothing is sent."),
    "resume": ("resuming", "resume", "Resume a run that was interrupted."),
    "retry": ("resuming", "retry", "Send rows of a finished run again."),
    "settle": ("reporting", "settle", "Record which rows in doubt were applied."),
    "report": ("reporting", "report", "Show the outcomes of a run's rows."),
    "balances": ("balances", "balances", "Set customers' balances; settle rows in doubt by them."),
    "status": ("jobs", "status", "Show the status of jobs."),
    "watch": ("jobs", "watch", "Watch jobs until they have ended."),
    "stop": ("jobs", "stop", "Stop jobs."),
    "upsert": ("jobs", "upsert", "Create or update one customer."),
    "sandbox": ("serving", "sandbox", "Run a local server that imitates Gameball."),
    "examples": ("serving", "examples", "Copy examples for web apps and task runners."),
}


class _Commands(click.Group):
    """Imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = _COMMANDS.get(cmd_name)
        if found is None:
            return None
        module, name, _ = found
        command: click.Command = getattr(import_module(f".{module}", __package__), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = get_close_matches(args[0], _COMMANDS, 1) if args[0] not in _COMMANDS else []
        if near and not ctx.resilient_parsing:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands, and options: for those no command is imported."""
        commands = [
            CompletionItem(name, help=about)
            for name, (_, _, about) in _COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, _, about) in _COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "show_default": True,
    },
    epilog=(
        "Keys come from the environment: GAMEBALL_API_KEY and GAMEBALL_SECRET_KEY; never from arguments. Exit "
        "codes: 0 every row succeeded; 1 finished, some rows did not succeed; 2 usage, configuration or "
        "unreadable input; 3 stopped early by an error; 130 interrupted. After 3 or 130, resume continues the run."
    ),
)
@click.version_option(__version__, prog_name="gameball-async")
def cli() -> None:
    """Bulk imports into Gameball: every row accounted for, both rate limits used to the full."""
