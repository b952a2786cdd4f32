"""The commands ``backchannel feeds …``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.arguments import Folder
from bot.errors import UsageError
from corpus.errors import FeedError

if TYPE_CHECKING:
    from bot.app import Application
    from corpus.feed_options import FeedOptions
    from corpus.feed_preview import Preview
    from corpus.feed_register import RegisteredFeed

Object = dict[str, Any]
MakeApplication = Callable[[Path | None], "Application"]
PrintJson = Callable[[Object], None]

_data_dir = click.option("--data-dir", type=Folder(), metavar="DIR", help="The only folder that is written to.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
_SHOWN = 10


def feeds_group(make_application: MakeApplication, print_json: PrintJson) -> click.Group:
    """The commands on feeds.

    Args:
        make_application: wires the parts of a data folder.
        print_json: writes an object to standard output.
    """

    @click.group()
    def feeds() -> None:
        """List, add, remove or try feeds."""

    @feeds.command("list")
    @_json
    @_data_dir
    def list_(as_json: bool, data_dir: Path | None) -> None:
        """Every known feed, and how its last refresh went."""
        app = make_application(data_dir)
        listed = [*_states(app), *_unread(app)]
        if as_json:
            print_json({"feeds": listed})
        elif not listed:
            click.echo("No feeds yet: `backchannel feeds add LOCATION`, or write feeds.toml.", err=True)
        for feed in listed if not as_json else ():
            click.echo(_line(feed))

    @feeds.command()
    @click.argument("location")
    @click.option("--name", metavar="NAME", help="To call it by.")
    @click.option("--kind", type=click.Choice("folder file page rss sitemap".split()), help="Guessed without.")
    @click.option("--refresh", metavar="T", help="How often: 15m, 6h, 1d.")
    @click.option("--include", multiple=True, metavar="GLOB", help="Only addresses or paths like this.")
    @click.option("--exclude", multiple=True, metavar="GLOB", help="None like this.")
    @click.option("--max-age", type=int, metavar="DAYS", help="No articles older than this.")
    @click.option("--outlet", metavar="NAME", help="Who publishes it.")
    @click.option("--country", metavar="NAME", help="The outlet's country.")
    @click.option("--owner", metavar="NAME", help="The outlet's owner.")
    @click.option("--state-controlled/--not-state-controlled", default=None, help="Whether a state controls it.")
    @click.option("--allow-private", multiple=True, metavar="HOST", help="May lead to a private address.")
    @_data_dir
    def add(location: str, name: str | None, data_dir: Path | None, **given: object) -> None:
        """Add a feed; `backchannel index` then reads it."""
        app = make_application(data_dir)
        app.check_data_folder()
        feed = app.register.add(location, _options(given), name)
        click.echo(f"Added {feed.known.name}: {feed.known.location}. Read it by `backchannel index`.")

    @feeds.command()
    @click.argument("name")
    @_data_dir
    def remove(name: str, data_dir: Path | None) -> None:
        """Forget a feed and its articles; `backchannel index` then takes them out of the index."""
        from bot.render.words import counted, one_line
        from corpus.locking import indexing_lock

        app = make_application(data_dir)
        # What is cut and folded meanwhile would be in the index for good.
        with indexing_lock(app.settings.data_dir, "`backchannel feeds remove`"):
            articles = app.register.remove(name)
        removed = f"{one_line(name)} ({counted(articles, 'article')})"
        click.echo(f"Removed {removed}. Bring the index up to date by `backchannel index`.")

    @feeds.command()
    @click.argument("location")
    @_json
    @_data_dir
    def test(location: str, as_json: bool, data_dir: Path | None) -> None:
        """Fetch a feed, known or not, and show what would come in; nothing is stored."""
        from corpus.feed_preview import preview

        app = make_application(data_dir)
        (feed,) = app.register.find([location])
        seen = preview(app.register, feed)
        if as_json:
            print_json(_preview_object(feed, seen))
        else:
            _show_preview(feed, seen)

    return feeds


def _states(app: Application) -> list[Object]:
    from dataclasses import asdict

    return [asdict(state) for state in app.service.feeds()[0]]


def _unread(app: Application) -> list[Object]:
    """What the feeds file names and no run has read yet."""
    known = {feed.name for feed in app.catalogue.feeds()}
    return [
        {"name": feed.known.name, "location": feed.known.location, "declared": True, "articles": 0}
        for feed in app.register.declared()
        if feed.known.name not in known
    ]


def _line(feed: Object) -> str:
    from bot.render.words import feed_words, visible
    from corpus.feed_records import FeedState, KnownFeed

    known = FeedState(**feed) if "refresh" in feed else KnownFeed(feed["name"], feed["location"])
    return visible(feed_words(known))


def _options(given: dict[str, object]) -> FeedOptions:
    """The options that were typed.

    Raises:
        UsageError: one cannot be used.
    """
    from pydantic import ValidationError

    from corpus.feed_options import FeedOptions

    facts = {"name": given.pop("outlet"), **{key: given.pop(key) for key in ("country", "owner", "state_controlled")}}
    values = {key: value for key, value in given.items() if value not in {None, ()}}
    try:
        return FeedOptions.model_validate({**values, "outlet": {k: v for k, v in facts.items() if v is not None}})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = str(first["loc"][0]).replace("_", "-")
        raise UsageError(f"--{option}: {first['msg'].removeprefix('Value error, ')}") from error


def _preview_object(feed: RegisteredFeed, seen: Preview) -> Object:
    return {
        "name": feed.known.name,
        "location": feed.known.location,
        "kind": seen.kind or None,
        "articles": [
            {
                "id": article.id,
                "title": article.title,
                "source": article.source or None,
                "published": str(article.published) if article.published else None,
                "words": len(article.text.split()),
            }
            for article in seen.articles
        ],
        "errors": seen.errors,
    }


def _show_preview(feed: RegisteredFeed, seen: Preview) -> None:
    from bot.render.words import counted, long_date, one_line, visible

    if not seen.articles and seen.errors:
        raise FeedError(f"nothing would come in: {seen.errors[0]}")
    held = counted(len(seen.articles), "article")
    click.echo(f"{visible(feed.known.location)} is of kind {seen.kind or 'unknown'}: {held}")
    for article in seen.articles[:_SHOWN]:
        about = f"{long_date(article.published)}, {counted(len(article.text.split()), 'word')}"
        click.echo(f"  {visible(one_line(article.title))} ({about})\n    {visible(article.id)}")
    if len(seen.articles) > _SHOWN:
        click.echo(f"  … and {len(seen.articles) - _SHOWN:,} more (--json lists all)")
    for error in seen.errors:
        click.echo(f"  not read: {visible(one_line(error))}")
