"""The command line.

Standard output carries answers alone; progress, logs and errors go to standard error. Exit status: 0 for
success (to abstain is one), 1 where something failed, 2 for bad input.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from bot.arguments import Folder
from bot.data_cli import data_commands
from bot.errors import BotError, UsageError
from bot.extract_options import Means
from bot.feeds_cli import feeds_group
from bot.platforms_cli import platform_groups
from bot.quotes_cli import quotes_command
from bot.timeline_cli import timeline_command
from bot.vectors_cli import vectors_group
from corpus.errors import CorpusError, FeedError
from retrieval.errors import InputError, RetrievalError

if TYPE_CHECKING:
    from bot.app import Application
    from bot.askers import Question
    from bot.messages import Reply
    from bot.settings import Settings
    from retrieval.types import Filters

MakeApplication = Callable[["Settings"], "Application"]

_BAD_INPUT = (UsageError, FeedError, InputError)
_OURS = (BotError, CorpusError, RetrievalError)
_MOST_CITED = 1000
_MOST_SENTENCES = 50
_BETWEEN_PAGES = "\n* * *\n\n"

_data_dir = click.option("--data-dir", type=Folder(), metavar="DIR", help="The only folder that is written to.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
_output = click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="For --batch.")


def _batch(metavar: str) -> Callable[[Any], Any]:
    path = click.Path(path_type=Path, exists=True, dir_okay=False)
    return click.option("--batch", type=path, metavar=metavar, help="Many in one process, a line of JSON each.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version("backchannel"), prog_name="backchannel")
def cli() -> None:
    """Ask a corpus of news articles; every answer is a verbatim, cited quotation."""


@cli.command()
@click.argument("question", required=False)
@_json
@click.option("--since", metavar="D", help="Only articles published since 2024, 2024-06 or 2024-06-15.")
@click.option("--until", metavar="D", help="Only articles published until then.")
@click.option("--source", metavar="S", help="Only articles of this outlet.")
@click.option("-k", "k", type=click.IntRange(1, _MOST_CITED), default=3, show_default=True, help="Articles to cite.")
@click.option("--explain", is_flag=True, help="Show how each passage came to its place.")
@_batch("QUERIES.jsonl")
@_output
@_data_dir
def ask(
    question: str | None,
    as_json: bool,
    since: str | None,
    until: str | None,
    source: str | None,
    k: int,
    explain: bool,
    batch: Path | None,
    output: Path | None,
    data_dir: Path | None,
) -> None:
    """Answer QUESTION, or each line {id, question, [article_ids]} of a file."""
    from bot.render.json import answer_object

    filters = _filters(since, until, source)
    _one_of("QUESTION", question, batch, output)
    app = _application(data_dir)
    if batch and output:
        from bot.batch import ask_batch

        ask_batch(app, batch, output, filters, k, explain=explain)
        return
    asked = _question(question or "")
    _check(asked, filters)
    _index_briefs_if_new(app)
    reply = app.service.ask(asked, k=k, filters=filters)
    if as_json:
        _print_json(answer_object(reply, explain=explain))
    else:
        _show(reply, explain=explain)


@cli.command()
@click.argument("topic", required=False)
@_json
@click.option("--sentences", type=click.IntRange(1, _MOST_SENTENCES), default=3, show_default=True, metavar="N")
@_batch("ITEMS.jsonl")
@_output
@_data_dir
def summary(
    topic: str | None, as_json: bool, sentences: int, batch: Path | None, output: Path | None, data_dir: Path | None
) -> None:
    """Summarise TOPIC, or the article of that id, in verbatim sentences."""
    from bot.render.json import summary_object
    from bot.service import require_index

    _one_of("TOPIC", topic, batch, output)
    app = _application(data_dir)
    if batch and output:
        from bot.batch import summary_batch

        summary_batch(app, batch, output, sentences, _MOST_SENTENCES)
        return
    asked = _question(topic or "")
    _check(asked, None)
    require_index(app)
    reply = app.service.summarize(asked, sentences=sentences)
    if as_json:
        _print_json(summary_object(reply))
    else:
        _show(reply)


@cli.command()
@click.argument("feeds", nargs=-1, metavar="[FEED ...]")
@click.option("--rebuild", is_flag=True, help="Read and cut everything anew; encode what never was.")
@_json
@_data_dir
def index(feeds: tuple[str, ...], rebuild: bool, as_json: bool, data_dir: Path | None) -> None:
    """Bring feeds up to date: folders, files, web addresses, names of feeds; without any, all that are known."""
    from bot.progress import progress_bars
    from bot.render.json import index_object
    from corpus.right_of_way import step_back

    app = _application(data_dir)
    app.check_data_folder()
    if click.get_current_context().obj is None:  # a program of its own
        step_back()
    with progress_bars() as progress:
        reply = app.service.reindex(feeds, rebuild=rebuild, progress=progress, by="`backchannel index`")
    if as_json:
        _print_json(index_object(reply))
    else:
        _show(reply)


@cli.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE.html ...",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option("--url", metavar="U", help="Where the page comes from, for a single FILE.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line and nothing else.")
@_data_dir
def extract(files: tuple[Path, ...], url: str | None, as_json: bool, data_dir: Path | None) -> None:  # noqa: ARG001
    """The clean article of each page (.html, .htm, .html.gz); fails only if no page holds one."""
    from bot.pages import read_pages
    from bot.render.json import page_object
    from bot.render.page import page_text
    from corpus.readers.pages import Page

    read = 0
    for file, page in read_pages(files, url):
        if isinstance(page, Page):
            if as_json:
                _print_json(page_object(file, page))
            else:
                click.echo(f"{'' if not read else _BETWEEN_PAGES}{page_text(page)}")
            read += 1
        else:
            _print_error(f"{file}: {page.reason}")
    if not read:
        click.get_current_context().exit(1)


@cli.command()
@_data_dir
def chat(data_dir: Path | None) -> None:
    """The bot in the terminal."""
    from bot.chat import Chat

    with suppress(ImportError):  # Windows has none
        import readline  # noqa: F401 (gives the prompt line editing and a history)
    app = _application(data_dir)
    _index_briefs_if_new(app)
    # What would refuse every question is told before the first one.
    app.service.status()
    with app.service.watching():
        Chat(app).run()


@cli.command()
@_data_dir
@click.pass_context
def serve(context: click.Context, data_dir: Path | None) -> None:
    """The bot in Slack and Discord: every platform that has a token."""
    from bot.serve import HOW_TO_GET_TOKENS, platforms_of
    from bot.serve import serve as serve_platforms
    from bot.service import require_index

    app = _application(data_dir)
    platforms = platforms_of(app.settings)
    if not platforms:
        click.echo(HOW_TO_GET_TOKENS, err=True)
        context.exit(2)
    require_index(app)
    context.exit(serve_platforms(app, platforms, lambda line: click.echo(line, err=True)))


@cli.command()
@_json
@_data_dir
def status(as_json: bool, data_dir: Path | None) -> None:
    """What the index holds."""
    from bot.render.json import status_object
    from bot.service import require_index

    app = _application(data_dir)
    require_index(app)
    reply = app.service.status()
    if as_json:
        _print_json(status_object(reply))
    else:
        _show(reply)


def main() -> NoReturn:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a letter gets a question mark, not a traceback.
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str], make_application: MakeApplication | None = None) -> int:
    """Run one command; returns its exit status.

    Args:
        arguments: without the program's name.
        make_application: wires the parts together in another way, as tests do.
    """
    try:
        status = cli.main(args=arguments, prog_name="backchannel", standalone_mode=False, obj=make_application)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        message, exit_status = error.format_message(), 2
    except (click.Abort, KeyboardInterrupt):
        message, exit_status = "stopped", 130
    except _OURS as error:
        message, exit_status = str(error), 2 if isinstance(error, _BAD_INPUT) else 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        message, exit_status = f"{place}{error.strerror or error}: check the folder, or name another by --data-dir", 1
    else:
        return int(status or 0)
    _print_error(message)
    return exit_status


def _application(data_dir: Path | None) -> Application:
    from bot.app import Application
    from bot.settings import load_settings

    settings = load_settings(data_dir=data_dir)
    logging.basicConfig(
        stream=sys.stderr, level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    context = click.get_current_context()
    make: MakeApplication = context.obj or Application
    app = make(settings)
    context.call_on_close(app.close)
    return app


def _one_of(name: str, value: str | None, batch: Path | None, output: Path | None) -> None:
    if (value is None) == (batch is None):
        raise UsageError(f"give either {name} or --batch FILE")
    if (batch is None) != (output is None):
        raise UsageError("--batch and --output go together")


def _question(text: str) -> Question:
    from bot.askers import Question

    return Question(text, time=dt.datetime.now().astimezone())


def _check(question: Question, filters: Filters | None) -> None:
    """Refuse bad input before a model is loaded or an index is made."""
    from retrieval.questions import parse_question

    parse_question(question.text, question.time, filters=filters)


def _filters(since: str | None, until: str | None, source: str | None) -> Filters:
    from retrieval.questions import parse_since, parse_until
    from retrieval.types import Filters

    return Filters(
        since=parse_since(since) if since is not None else None,
        until=parse_until(until) if until is not None else None,
        sources=frozenset({source}) if source is not None else None,
    )


def _asked(text: str, since: str | None, until: str | None, source: str | None) -> tuple[Question, Filters]:
    question, filters = _question(text), _filters(since, until, source)
    _check(question, filters)
    return question, filters


def _index_briefs_if_new(app: Application) -> None:
    """In a fresh data folder, index the briefs that ship with the project, and say so."""
    from bot.progress import progress_bars
    from bot.service import has_index

    if has_index(app):
        return
    app.check_data_folder()
    if app.catalogue.feeds() or app.register.declared():
        from bot.service import require_index

        require_index(app)
    click.echo("No index yet: indexing the briefs that ship with Backchannel.", err=True)
    with progress_bars() as progress:
        app.service.reindex(progress=progress, by="the first question")


def _print_json(value: dict[str, Any]) -> None:
    from bot.render.json import json_text

    # Escapes keep every letter where the output's encoding has not all of them.
    click.echo(json_text(value, ascii_only="utf" not in (sys.stdout.encoding or "").lower()))


def _print_error(message: str) -> None:
    # One line, whatever a library put into the message.
    click.echo(f"backchannel: {' '.join(message.split())}", err=True)


def _show(reply: Reply, *, explain: bool = False) -> None:
    from bot.console import output_console, show

    # How what was found came to its place can only be shown beside it.
    show(output_console(), reply, explain=explain, folded=not explain)


cli.add_command(feeds_group(_application, _print_json))
cli.add_command(vectors_group(_application, _print_json))
for _group in platform_groups(_application):
    cli.add_command(_group)
for _command in data_commands(_application, _print_json, _show):
    cli.add_command(_command)
for _extract in (timeline_command, quotes_command):
    cli.add_command(_extract(Means(_application, _print_json, _show, _asked)))
