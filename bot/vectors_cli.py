"""``backchannel vectors``: a corpus that is too large for one machine, encoded in parts by several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.arguments import Folder, PartOf
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Application
    from corpus.parts import Part
    from corpus.shards import VectorShards
    from retrieval.types import Article

MakeApplication = Callable[[Path | None], "Application"]

_data_dir = click.option("--data-dir", type=Folder(), metavar="DIR", help="The data folder.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")


def vectors_group(make_application: MakeApplication, print_json: Callable[[dict[str, Any]], None]) -> click.Group:
    """The commands.

    Args:
        make_application: wires the parts of a data folder.
        print_json: writes an object to standard output.
    """

    @click.group()
    def vectors() -> None:
        """Encode a large corpus in parts, on several machines."""

    @vectors.command()
    @click.argument("feeds", nargs=-1, required=True, metavar="FEED ...")
    @click.option("--part", type=PartOf(), default="1/1", show_default=True, metavar="N/M", help="Which of M parts.")
    @click.option("--output", type=Folder(), required=True, metavar="FOLDER", help="Where files of vectors are kept.")
    @_json
    @_data_dir
    def make(feeds: tuple[str, ...], part: Part, output: Path, as_json: bool, data_dir: Path | None) -> None:
        """Encode one part of what FEEDs hold; run again, it goes on where it was stopped. Indexes nothing."""
        from bot.progress import counter

        app = make_application(data_dir)
        shards = _shards(app, output)
        from corpus.shards import make_part

        faults: list[str] = []
        with counter("encoding") as count:
            new = make_part(_articles(app, feeds, faults), part, app.encoder, shards, count)
        held = len(shards.digests(part))
        if as_json:
            print_json({"part": str(part), "made": new, "held": held, "errors": faults})
            return
        for fault in faults:
            click.echo(fault, err=True)
        click.echo(f"Part {part}: {new:,} vectors made, {held:,} in {output}.")

    @vectors.command()
    @click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
    @_json
    @_data_dir
    def add(folder: Path, as_json: bool, data_dir: Path | None) -> None:
        """Take the vectors of all parts in FOLDER into the data folder, where `index` finds them."""
        from bot.progress import counter
        from corpus.vectors import VectorCache

        app = make_application(data_dir)
        app.check_data_folder()
        shards = _shards(app, folder)
        from corpus.shards import take_in

        file = app.settings.data_dir / VectorCache.NAME
        with closing(VectorCache(file, app.encoder.fingerprint, app.encoder.dimension)) as cache, counter("taken") as n:
            taken = take_in(shards, cache, n)
        if as_json:
            print_json({"taken": taken})
        else:
            click.echo(f"{taken:,} vectors taken in: `backchannel index` encodes none of these again.")

    return vectors


def _shards(app: Application, folder: Path) -> VectorShards:
    try:
        from corpus.shards import VectorShards
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise UsageError("files of vectors need pyarrow: pip install 'backchannel[shards]'") from error
    return VectorShards(folder, app.encoder.fingerprint, app.encoder.dimension)


def _articles(app: Application, feeds: tuple[str, ...], faults: list[str]) -> Iterator[Article]:
    """What feeds hold, all read anew; bad items are noted."""
    from corpus.intake import guarded
    from corpus.readers import BadItem
    from retrieval.types import Article

    with app.register.opened(app.register.find(feeds), anew=True) as opened:
        for feed in opened:
            for item in guarded(feed):
                if isinstance(item, Article):
                    yield item
                elif isinstance(item, BadItem):
                    faults.append(f"{item.where}: {item.reason}")
