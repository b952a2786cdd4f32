"""The commands on what a data folder keeps: ``backchannel history``, ``backup`` and ``restore``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.arguments import Folder
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Application
    from bot.messages import Reply

MakeApplication = Callable[[Path | None], "Application"]

_data_dir = click.option("--data-dir", type=Folder(), metavar="DIR", help="The data folder.")


def data_commands(
    make_application: MakeApplication, print_json: Callable[[dict[str, Any]], None], show: Callable[[Reply], None]
) -> Iterator[click.Command]:
    """The commands.

    Args:
        make_application: wires the parts of a data folder.
        print_json: writes an object to standard output.
        show: writes a reply there.
    """

    @click.command()
    @click.argument("article")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
    @_data_dir
    def history(article: str, as_json: bool, data_dir: Path | None) -> None:
        """What ARTICLE (its id, address or whole title) said before, and what changed in it."""
        from bot.render.json import history_object
        from bot.service import require_catalogue

        app = make_application(data_dir)
        require_catalogue(app)
        reply = app.service.history(article)
        if as_json:
            print_json(history_object(reply))
        else:
            show(reply)

    @click.command()
    @click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
    @click.option("--force", is_flag=True, help="Write over FILE if it is there.")
    @_data_dir
    def backup(file: Path, force: bool, data_dir: Path | None) -> None:
        """Write all that cannot be made again to one FILE, also while the bot is at work."""
        from bot.render.words import counted
        from corpus.backup import FEEDS, back_up

        if file.exists() and not force:
            raise UsageError(f"{file} is there already: name another file, or write over it with --force")
        app = make_application(data_dir)
        _require_file(app)
        made = back_up(app.settings.data_dir, file, force=force)
        click.echo(f"Backed up {counted(made.rows['articles'], 'article')} to {file}: {', '.join(made.files)}.")
        if app.settings.feeds and FEEDS not in made.files:
            click.echo(f"The feeds file {app.settings.feeds} lies elsewhere and is not in it.", err=True)

    @click.command()
    @click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
    @click.option("--force", is_flag=True, help="Put a catalogue aside that is there already.")
    @_data_dir
    def restore(file: Path, force: bool, data_dir: Path | None) -> None:
        """Bring the data folder to what the backup FILE holds."""
        from bot.render.words import counted
        from corpus.backup import restore as restore_folder

        app = make_application(data_dir)
        _require_file(app)
        app.check_data_folder()
        done = restore_folder(app.settings.data_dir, file, app.generations.withdraw, force=force)
        articles = counted(done.manifest.rows.get("articles", 0), "article")
        click.echo(f"Restored {articles}, as of {done.manifest.created}. Make the index by `backchannel index`.")
        for path in done.put_aside:
            click.echo(f"What was there before is kept in {path}")

    yield from (history, backup, restore)


def _require_file(app: Application) -> None:
    """See that the catalogue is a file of the data folder.

    Raises:
        UsageError: it is not.
    """
    if app.settings.database_url:
        raise UsageError(
            "the catalogue stands in PostgreSQL (BACKCHANNEL_DATABASE_URL), which has its own backup: use pg_dump and "
            "pg_restore"
        )
