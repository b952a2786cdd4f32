"""The commands, as Discord lists them."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot.askers import Asker, Question
from bot.discord.askers import asked_about
from bot.discord.interactions import Interaction
from bot.discord.markdown import clip, size
from bot.discord.parts import parts_of
from bot.discord.watching import WATCHING
from bot.messages import HelpReply, Reply
from retrieval.questions import LONGEST_QUESTION

_LONGEST_VALUE = 100
_Text = app_commands.Range[str, 1, LONGEST_QUESTION]
_Command = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu
_DATE = "A year, month or day, such as 2024-06"
_HELP = (
    ("@me a question", "in a channel, or write to me alone; reply to an answer to go on from it"),
    ("/ask", "ask so that you alone see the answer; a button shares it"),
    ("Ask about this", "in a message's menu, under Apps: ask what the corpus has on it"),
    ('since:2024-06 until:2024 source:"BBC News"', "inside a question narrow the search"),
    ("new topic", "before a question lets go of what went before"),
    ("/summary", "the main sentences on a topic, or of an article"),
    ("/timeline", "dated events on a topic, or of an article"),
    ("/quotes", "what a person is quoted with, newest first"),
    ("/sources", "what the corpus holds"),
    ("/answer", "an answer again by its id, or what today's corpus gives instead"),
    ("/history", "what an article said before"),
    ("/watch", "hear of each new article on a topic, in this channel or alone"),
    ("/digest", "what is new, daily or weekly at a set hour"),
    ("/watches", "your watches and digests, and those of this channel; end one"),
    ("/forget", "delete what you have asked here, and end your watches and digests"),
    ("/reindex, /status, /gaps", "for those who manage the server"),
)


@app_commands.command(description="Ask the corpus; you alone see the answer until you share it")
@app_commands.describe(question="What you want to know", since=_DATE, until=_DATE, source="The name of one outlet")
async def ask(
    interaction: Interaction,
    question: _Text,
    since: str | None = None,
    until: str | None = None,
    source: str | None = None,
) -> None:
    """Answer a question by itself."""
    text = _filtered(question, since, until, source)
    await parts_of(interaction).interactions.ask(interaction, lambda _: text)


@app_commands.context_menu(name="Ask about this")
async def ask_about(interaction: Interaction, message: discord.Message) -> None:
    """Ask what somebody's message says."""
    text = clip(asked_about(message), LONGEST_QUESTION // 2)
    await parts_of(interaction).interactions.ask(interaction, lambda _: text)


@app_commands.command(description="The main sentences on a topic or of an article, each quoted and cited")
@app_commands.describe(topic="A topic, or choose an article", since=_DATE, until=_DATE)
async def summary(interaction: Interaction, topic: _Text, since: str | None = None, until: str | None = None) -> None:
    """Summarise."""
    text = _filtered(topic, since, until, None)
    desk = parts_of(interaction).host.desk

    def summarize(asker: Asker) -> Reply:
        return desk.summarize(Question(text, interaction.created_at, asker))

    await parts_of(interaction).interactions.answer(interaction, summarize, private=False, counted=True)


async def _titles(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    host = parts_of(interaction).host
    titles = await host.ledger.run(lambda: host.desk.titles(current))
    return [
        app_commands.Choice(name=clip(title, _LONGEST_VALUE) or article[:_LONGEST_VALUE], value=article)
        for article, title in titles
        if 0 < size(article) <= _LONGEST_VALUE
    ]


summary.autocomplete("topic")(_titles)


@app_commands.command(description="Dated events on a topic or of an article, each quoted and cited")
@app_commands.describe(
    topic="A topic, or choose an article",
    since="The first date of an event, such as 2024-06",
    until="The last date of an event",
    source="The name of one outlet",
)
async def timeline(
    interaction: Interaction,
    topic: _Text,
    since: str | None = None,
    until: str | None = None,
    source: str | None = None,
) -> None:
    """Show a timeline."""
    text = _filtered(topic, since, until, source)
    desk = parts_of(interaction).host.desk

    def chronicle(asker: Asker) -> Reply:
        return desk.timeline(Question(text, interaction.created_at, asker))

    await parts_of(interaction).interactions.answer(interaction, chronicle, private=False, counted=True)


timeline.autocomplete("topic")(_titles)


@app_commands.command(description="What a person is quoted with, word for word, newest first")
@app_commands.describe(
    person="A name, in full or the surname", since=_DATE, until=_DATE, source="The name of one outlet"
)
async def quotes(
    interaction: Interaction,
    person: _Text,
    since: str | None = None,
    until: str | None = None,
    source: str | None = None,
) -> None:
    """Show quotes by a person."""
    text = _filtered(person, since, until, source)
    desk = parts_of(interaction).host.desk

    def quoted(asker: Asker) -> Reply:
        return desk.quotes(Question(text, interaction.created_at, asker))

    await parts_of(interaction).interactions.answer(interaction, quoted, private=False, counted=True)


@app_commands.command(description="What the corpus holds, by outlet")
async def sources(interaction: Interaction) -> None:
    """Show the outlets."""
    await parts_of(interaction).interactions.answer(interaction, lambda _: parts_of(interaction).host.desk.sources())


@app_commands.command(description="An answer again, by the id that stands above it")
@app_commands.describe(answer_id="Such as 7F3K9A", diff="Ask again today, and show what has changed")
@app_commands.rename(answer_id="id")
async def answer(interaction: Interaction, answer_id: app_commands.Range[str, 1, 20], diff: bool = False) -> None:
    """Show an answer again."""
    desk = parts_of(interaction).host.desk
    again = desk.compare if diff else desk.recall
    await parts_of(interaction).interactions.answer(interaction, lambda asker: again(asker, answer_id))


@app_commands.command(description="What an article said before, and what has changed in it since")
@app_commands.describe(article="Its id, its address or its whole title, or choose one")
async def history(interaction: Interaction, article: _Text) -> None:
    """Show an article's revisions."""
    desk = parts_of(interaction).host.desk
    await parts_of(interaction).interactions.answer(interaction, lambda _: desk.history(article))


history.autocomplete("article")(_titles)


@app_commands.command(description="Delete what you have asked here, and end your watches and digests")
async def forget(interaction: Interaction) -> None:
    """Forget somebody."""
    await parts_of(interaction).interactions.answer(interaction, parts_of(interaction).host.desk.forget)


@app_commands.command(name="help", description="What I can do")
async def help_(interaction: Interaction) -> None:
    """Show the help."""
    await parts_of(interaction).interactions.answer(interaction, lambda _: HelpReply(_HELP))


@app_commands.command(description="For managers of the server: bring the index up to date")
@app_commands.describe(full="Read and encode everything anew")
@app_commands.guild_only
@app_commands.default_permissions(manage_guild=True)
async def reindex(interaction: Interaction, full: bool = False) -> None:
    """Re-index, told in a message that is edited."""
    await parts_of(interaction).reindexing.run(interaction, rebuild=full)


@app_commands.command(description="For managers of the server: what the index holds, and how the bot does")
@app_commands.guild_only
@app_commands.default_permissions(manage_guild=True)
async def status(interaction: Interaction) -> None:
    """Show how things stand."""
    await parts_of(interaction).interactions.answer(interaction, parts_of(interaction).host.desk.status)


@app_commands.command(description="For managers of the server: questions that were not answered well, also as CSV")
@app_commands.guild_only
@app_commands.default_permissions(manage_guild=True)
async def gaps(interaction: Interaction) -> None:
    """Show the gaps."""
    await parts_of(interaction).interactions.answer(interaction, parts_of(interaction).host.desk.gaps)


_ADMIN: tuple[_Command, ...] = (reindex, status, gaps)
_EVERYONE: tuple[_Command, ...] = (
    ask,
    ask_about,
    summary,
    timeline,
    quotes,
    sources,
    answer,
    history,
    forget,
    help_,
    *WATCHING,
)


def add_commands(tree: app_commands.CommandTree[Any]) -> None:
    """Give a tree all commands."""
    for command in (*_EVERYONE, *_ADMIN):
        tree.add_command(command)


async def sync(tree: app_commands.CommandTree[Any], guild: int | None) -> int:
    """Tell Discord the commands, of one server or of all; returns how many.

    Raises:
        discord.HTTPException: Discord refuses them.
    """
    if guild is None:
        return len(await tree.sync())
    place = discord.Object(guild)
    tree.copy_global_to(guild=place)
    return len(await tree.sync(guild=place))


def _filtered(text: str, since: str | None, until: str | None, source: str | None) -> str:
    """The text with the filters as tokens, as one can write them."""
    quoted = f'"{source.replace(chr(34), "")}"' if source else ""
    tokens = [
        f"since:{''.join(since.split())}" if since else "",
        f"until:{''.join(until.split())}" if until else "",
        f"source:{quoted}" if source else "",
    ]
    return " ".join(part for part in (text, *tokens) if part)
