"""The bot in the terminal: one person, one conversation."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from rich.console import Console
from rich.text import Text

from bot.app import Application
from bot.askers import TERMINAL, Platform, Question
from bot.console import output_console, show, shows_color
from bot.errors import BotError, UsageError
from bot.messages import AnswerReply, ContextReply, HelpReply, Notice, Reply
from bot.passages import around, unfolded, whole_article
from bot.progress import progress_bars
from bot.render.terminal import passages
from bot.render.words import visible
from corpus.errors import CorpusError
from corpus.journal import Reason, Verdict
from retrieval.errors import RetrievalError
from retrieval.types import Citation

_PROMPT = "ask> "
_HELP = (
    ("a question", 'since:2024-06, until:2024 and source:"BBC News" inside it narrow the search'),
    ("and China?", "a follow-up goes on from the question before; `new topic` lets go of it"),
    ("more", "further passages for the last answer"),
    ("open N", "the whole article of passage N, with the sentence marked"),
    ("context N", "the paragraphs around passage N"),
    ("related", "questions to go on with; `ask N` asks one of them"),
    ("good, bad [REASON]", "what you think of the last answer"),
    ("/summary TOPIC", "the main sentences on a topic, or of the article of that id or title"),
    (
        "/timeline TOPIC",
        "dated events on a topic, or of the article of that id or title; since: and until: bound their dates",
    ),
    ("/quotes PERSON", "what that person is quoted with, newest first"),
    ("/sources", "what the corpus holds"),
    ("/answer ID [diff]", "an answer again; with diff, what today's corpus gives instead"),
    ("/history ARTICLE", "what the article of that id, address or title said before"),
    ("/forget", "delete what you have asked"),
    ("/status", "what the index holds, and how this process does"),
    ("/gaps", "questions that were not answered well"),
    ("/reindex [full]", "bring the index up to date"),
    ("/help", "this list"),
    ("/quit", "leave (or Ctrl-D)"),
)
_ELSEWHERE = {"/watch", "/watches", "/digest"}


class Chat:
    """Reads lines and shows replies until there are no more.

    Args:
        app: the parts of the data folder.
        read: gives the next line for a prompt; raises :class:`EOFError` at the end.
        console: where replies go.
    """

    def __init__(self, app: Application, read: Callable[[str], str] = input, console: Console | None = None) -> None:
        self._desk = app.desk
        self._service = app.service
        self._metrics = app.metrics
        self._read = read
        self._console = console or output_console()
        self._answer_id: str | None = None
        self._citations: list[Citation] = []
        self._page = 0
        self._related: tuple[str, ...] = ()
        # What an earlier run of the program talked about is not gone on with.
        app.journal.forget_thread(TERMINAL.conversation)

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
        rest = rest.strip()
        if command in _ELSEWHERE:
            raise UsageError(f"{command} tells of what is new in Slack and Discord: a terminal may be closed by then")
        slashed = f"/{command.removeprefix('/').lower()}"
        # "open the border?" is a question; "open 2" is not.
        if slashed in self._commands and (command.startswith("/") or self._is_bare(slashed, rest)):
            self._commands[slashed](rest)
        elif command.startswith("/"):
            raise UsageError(f"there is no command {command!r}: /help lists them")
        else:
            self._ask(line)

    @property
    def _commands(self) -> dict[str, Callable[[str], None]]:
        return {
            "/more": lambda _: self._more(),
            "/open": self._open,
            "/context": self._context,
            "/related": lambda _: self._show_related(),
            "/ask": self._ask_related,
            "/good": lambda _: self._feedback(Verdict.GOOD, None),
            "/bad": lambda reason: self._feedback(Verdict.BAD, _reason(reason)),
            "/summary": lambda topic: self._show(self._desk.summarize(self._question(topic))),
            "/timeline": lambda topic: self._show(self._desk.timeline(self._question(topic))),
            "/quotes": lambda person: self._show(self._desk.quotes(self._question(person))),
            "/sources": lambda _: self._show(self._desk.sources()),
            "/answer": self._recall,
            "/history": lambda name: self._show(self._desk.history(name)),
            "/forget": lambda _: self._forget(),
            "/status": lambda _: self._show(self._desk.status(TERMINAL)),
            "/gaps": lambda _: self._show(self._desk.gaps(TERMINAL)),
            "/reindex": self._reindex,
            "/help": lambda _: self._show(HelpReply(_HELP)),
        }

    @staticmethod
    def _is_bare(command: str, rest: str) -> bool:
        """Whether words without a slash are a command and not a question."""
        if command == "/bad":
            return not rest or rest in set(Reason)
        return not rest or (command in {"/open", "/context", "/ask"} and rest.isdecimal())

    def _question(self, text: str) -> Question:
        return Question(text, dt.datetime.now().astimezone(), TERMINAL)

    def _ask(self, line: str, *, alone: bool = False) -> None:
        began = time.monotonic()
        reply = self._desk.ask(self._question(line), alone=alone)
        self._metrics.answered(Platform.TERMINAL, time.monotonic() - began)
        self._show(reply)
        if isinstance(reply, Notice):
            return
        self._desk.remember(TERMINAL, reply)
        self._go_on_from(reply)

    def _go_on_from(self, reply: AnswerReply) -> None:
        """Let `more`, `open` and the like be about this answer."""
        self._answer_id, self._page, self._related = reply.answer_id, 0, ()
        self._citations = unfolded(reply.answer.citations)
        hint = "more: the closest passages" if reply.answer.abstained else "more · open 1 · context 1 · related"
        self._console.print(Text(hint, style="dim"))

    def _more(self) -> None:
        reply = self._desk.more(TERMINAL, self._last(), self._page + 1)
        # What an abstention found is numbered anew when it is shown at last.
        self._citations = [*self._citations[: reply.first - 1], *reply.citations]
        self._page += 1
        self._show(reply)

    def _open(self, number: str) -> None:
        citation = self._numbered(number)
        whole = whole_article(citation, self._service.article_text(citation))
        provenance = self._service.provenance([whole])
        self._console.print(passages([whole], int(number), color=shows_color(self._console), provenance=provenance))

    def _context(self, number: str) -> None:
        citation = self._numbered(number)
        wide = around(citation, self._service.article_text(citation))
        self._show(ContextReply(self._last(), int(number), wide, self._service.provenance([wide])))

    def _numbered(self, number: str) -> Citation:
        if not number.isdecimal() or not 1 <= int(number) <= len(self._citations):
            raise UsageError(f"there is no passage {number or '…'}: name one by its number, such as `open 1`")
        # It may have changed since it was shown.
        return self._service.recalled(self._citations[int(number) - 1])

    def _show_related(self) -> None:
        reply = self._desk.related(TERMINAL, self._last())
        self._related = reply.questions
        self._show(reply)

    def _ask_related(self, number: str) -> None:
        if not number.isdecimal() or not 1 <= int(number) <= len(self._related):
            raise UsageError(f"there is no question {number or '…'}: `related` lists them by number")
        self._ask(self._related[int(number) - 1], alone=True)

    def _feedback(self, verdict: Verdict, reason: Reason | None) -> None:
        self._show(self._desk.feedback(TERMINAL, self._last(), verdict, reason))

    def _last(self) -> str:
        if self._answer_id is None:
            raise UsageError("ask a question first; then `more` shows further passages")
        return self._answer_id

    def _recall(self, text: str) -> None:
        answer_id, _, how = text.partition(" ")
        if how not in {"", "diff"}:
            raise UsageError(f"/answer takes an id and perhaps `diff`, not {how!r}")
        if how:
            self._show(self._desk.compare(TERMINAL, answer_id))
            return
        reply = self._desk.recall(TERMINAL, answer_id)
        self._show(reply)
        self._go_on_from(reply)

    def _forget(self) -> None:
        self._show(self._desk.forget(TERMINAL))
        self._answer_id, self._citations, self._page, self._related = None, [], 0, ()

    def _reindex(self, how: str) -> None:
        if how not in {"", "full"}:
            raise UsageError(f"/reindex takes nothing or `full`, not {how!r}")
        with progress_bars() as progress:
            reply = self._desk.reindex(TERMINAL, rebuild=how == "full", progress=progress)
        self._show(reply)

    def _show(self, reply: Reply) -> None:
        show(self._console, reply)


def _reason(text: str) -> Reason | None:
    """A reason as typed.

    Raises:
        UsageError: there is no such reason.
    """
    try:
        return Reason(text.strip().lower()) if text else None
    except ValueError:
        raise UsageError(f"{text!r} is no reason: write one of {', '.join(Reason)}") from None
