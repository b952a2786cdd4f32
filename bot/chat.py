"""The bot in the terminal: one person, one conversation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from rich.console import Console, Group
from rich.padding import Padding
from rich.text import Text

from bot.app import Application
from bot.console import output_console, show, shows_color
from bot.errors import BotError, UsageError
from bot.messages import AnswerReply, Notice, Platform, Question
from bot.progress import progress_bars
from bot.render.terminal import passage, unfolded
from bot.render.words import visible
from corpus.errors import CorpusError
from retrieval.errors import RetrievalError
from retrieval.types import Citation

_PROMPT = "ask> "
_PAGE = 3
_MOST = 30
_HELP = """Type a question. since:2024-06, until:2024 and source:"BBC News" inside it narrow the search.
  more               further passages for the last question
  open N             the whole article of passage N, with the sentence marked
  /summary TOPIC     the main sentences on a topic, or of the article of that id
  /status            what the index holds
  /reindex [full]    bring the index up to date
  /help              this list
  /quit              leave (or Ctrl-D)"""
_LATER = {"/timeline", "/quotes", "/sources", "/gaps", "/answer"}


class Chat:
    """Reads lines and shows replies until there are no more.

    Args:
        app: the parts of the data folder.
        read: gives the next line for a prompt; raises :class:`EOFError` at the end.
        console: where replies go.
    """

    def __init__(self, app: Application, read: Callable[[str], str] = input, console: Console | None = None) -> None:
        self._service = app.service
        self._read = read
        self._console = console or output_console()
        self._asked: Question | None = None
        self._citations: list[Citation] = []
        self._shown = 0

    def run(self) -> None:
        """Talk until the end of input or ``/quit``."""
        self._console.print(Text("Backchannel. Ask about the corpus; /help lists what else there is.", style="bold"))
        while True:
            try:
                line = self._read(_PROMPT).strip()
            except (EOFError, KeyboardInterrupt):
                self._console.print()
                return
            if line in {"/quit", "/exit", "quit", "exit"}:
                return
            if line:
                self._answer(line)

    def _answer(self, line: str) -> None:
        try:
            self._dispatch(line)
        except (BotError, CorpusError, RetrievalError) as error:
            self._console.print(Text(visible(str(error)), style="red"))

    def _dispatch(self, line: str) -> None:
        command, _, rest = line.partition(" ")
        commands: dict[str, Callable[[str], None]] = {
            "more": lambda _: self._more(),
            "/more": lambda _: self._more(),
            "open": self._open,
            "/open": self._open,
            "/summary": self._summary,
            "/status": lambda _: show(self._console, self._service.status()),
            "/reindex": self._reindex,
            "/help": lambda _: show(self._console, Notice(_HELP)),
            "help": lambda _: show(self._console, Notice(_HELP)),
        }
        # "open the border?" is a question; "open 2" is not.
        is_command = command in commands and (command.startswith("/") or not rest or rest.strip().isdecimal())
        if is_command:
            commands[command](rest.strip())
        elif command in _LATER:
            raise UsageError(f"{command} is not built yet; /help lists what is there")
        elif command.startswith("/"):
            raise UsageError(f"there is no command {command!r}: /help lists them")
        else:
            self._ask(line)

    def _ask(self, line: str) -> None:
        self._asked = Question(line, dt.datetime.now().astimezone(), Platform.TERMINAL)
        reply = self._service.ask(self._asked)
        self._citations, self._shown = unfolded(reply.answer.citations), 0
        show(self._console, reply)
        if not reply.answer.abstained:
            self._shown = len(self._citations)
        hint = "more: the closest passages" if reply.answer.abstained else "more · open 1"
        self._console.print(Text(hint, style="dim"))

    def _more(self) -> None:
        if self._asked is None:
            raise UsageError("ask a question first; then `more` shows further passages")
        if self._shown >= len(self._citations):
            self._citations = self._searched_deeper(self._asked)
        page = self._citations[self._shown : self._shown + _PAGE]
        if not page:
            raise UsageError("there are no further passages")
        for number, citation in enumerate(page, start=self._shown + 1):
            self._console.print(Group(passage(citation, number, color=shows_color(self._console)), Text()))
        self._shown += len(page)

    def _searched_deeper(self, question: Question) -> list[Citation]:
        reply: AnswerReply = self._service.ask(question, k=_MOST, keep=False)
        return unfolded(reply.answer.citations)

    def _open(self, number: str) -> None:
        if not number.isdecimal() or not 1 <= int(number) <= len(self._citations):
            raise UsageError(f"there is no passage {number or '…'}: name one by its number, such as `open 1`")
        citation = self._citations[int(number) - 1]
        whole = whole_article(citation, self._service.article_text(citation))
        self._console.print(Padding(passage(whole, int(number), color=shows_color(self._console)), (0, 0, 1, 0)))

    def _summary(self, topic: str) -> None:
        show(self._console, self._service.summarize(Question(topic, dt.datetime.now().astimezone())))

    def _reindex(self, how: str) -> None:
        if how not in {"", "full"}:
            raise UsageError(f"/reindex takes nothing or `full`, not {how!r}")
        with progress_bars() as progress:
            reply = self._service.reindex(rebuild=how == "full", progress=progress)
        show(self._console, reply)


def whole_article(citation: Citation, text: str) -> Citation:
    """The citation widened to its whole article; its highlights stay where they are."""
    from dataclasses import replace

    return replace(citation, start=0, end=len(text), text=text)
