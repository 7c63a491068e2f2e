"""A command with commands below it: its list shows each one's first sentence whole, and a wrong name is
answered with the nearest."""

from __future__ import annotations

import click


class Group(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        from pipeline.core.suggest import nearest

        known = self.list_commands(ctx)
        path = ctx.command_path
        if close := self._group_of(ctx, name) or nearest(name, known):
            raise click.UsageError(f"No such command: {path} {name}. Did you mean `{path} {close}`?", ctx)
        raise click.UsageError(f"No such command: {path} {name}. There are: {', '.join(known)}.", ctx)

    def _group_of(self, ctx: click.Context, name: str) -> str:
        """The command that has a command of this name below it, with that one; empty where none has."""
        groups = ((above, self.get_command(ctx, above)) for above in self.list_commands(ctx))
        return next(
            (f"{a} {name}" for a, one in groups if isinstance(one, Group) and name in one.commands), ""
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        rows = [(name, summary(command)) for name, command in commands.items() if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def summary(command: click.Command) -> str:
    """The first sentence of a command's help."""
    words = " ".join((command.help or "").partition("\n\n")[0].split())
    sentence, stop, _ = words.partition(". ")
    return f"{sentence}." if stop else sentence
