import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bot.app import Application
from bot.chat import Chat
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application, close
from tests.fakes import record, write_jsonl

QUESTION = "What did envoys agree on in Oslo?"
SENTENCE = "They agreed to let grain ships pass the strait until December."

Talk = Callable[..., list[str]]


class Script:
    """Types the given lines, then the end of input; before each, notes what has been shown."""

    def __init__(self, lines: Iterable[str], file: StringIO) -> None:
        self._lines = iter(lines)
        self._file = file
        self.shown: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.shown.append(self._file.getvalue())
        self._file.seek(0)
        self._file.truncate()
        try:
            return next(self._lines)
        except StopIteration:
            raise EOFError from None


@pytest.fixture
def app(news: Path) -> Iterator[Application]:
    app = application(Settings(data_dir=news), FakeEncoder(), threshold=0)
    yield app
    close(app)


def talk(app: Application, *lines: str) -> list[str]:
    """What is shown after each line, the greeting first."""
    return talk_of(app, lines)


def talk_of(app: Application, lines: Iterable[str]) -> list[str]:
    """The same, of lines that are made up on the way."""
    file = StringIO()
    script = Script(lines, file)
    Chat(app, script, Console(file=file, width=100, color_system=None, markup=False, highlight=False)).run()
    return [*script.shown, file.getvalue()]


def numbered(shown: str) -> list[tuple[int, str]]:
    """The numbers and titles of the passages shown."""
    return [(int(number), title.strip()) for number, title in re.findall(r"^(\d+)\. (.*)$", shown, re.MULTILINE)]


def one_line(shown: str) -> str:
    return " ".join(shown.split())


# Asking


def test_a_question_is_answered_with_marked_passages_and_what_can_be_done_next(app: Application) -> None:
    greeting, answer, _ = talk(app, QUESTION)
    assert "/help" in greeting
    assert [number for number, _ in numbered(answer)] == [1, 2]
    assert "⟦" in answer
    assert re.search(r"· answer [0-9A-Z]{6} more", one_line(answer))
    assert one_line(answer).endswith("more · open 1 · context 1 · related")


def test_an_abstention_folds_what_was_found_and_more_unfolds_it(news: Path) -> None:
    app = application(Settings(data_dir=news), FakeEncoder(), threshold=2)
    _, abstention, more, _ = talk(app, QUESTION, "more")
    assert "does not seem to answer" in abstention
    assert numbered(abstention) == []
    assert one_line(abstention).endswith("more: the closest passages")
    assert [number for number, _ in numbered(more)] == [1, 2, 3]
    assert "⟦" in more
    close(app)


def test_filters_in_the_question_narrow_it(app: Application) -> None:
    _, answer, _ = talk(app, f'{QUESTION} source:"BBC News"')
    assert {title for _, title in numbered(answer)} == {"Storm delays the ferry", "Ore from the north"}
    assert "Only articles from BBC News" in one_line(answer)


@pytest.mark.parametrize(
    "question",
    [
        "open the border?",
        "more grain for whom?",
        "open 1 border",
        "open ²",
        "help me",
        "quit smoking?",
        "status of the talks",
        "bad weather",
        "exit poll",
    ],
)
def test_words_that_are_commands_alone_open_questions_too(app: Application, question: str) -> None:
    assert numbered(talk(app, question)[1])


def test_blank_lines_are_passed_over(app: Application) -> None:
    assert [one_line(part) for part in talk(app, "", "   ", "\t")[1:]] == [""] * 4


# More


def test_pages_do_not_repeat_and_are_numbered_on_until_there_are_no_more(app: Application, tmp_path: Path) -> None:
    numbers = "one two three four five six seven".split()
    stories = [record(w, f"Grain story {w} of the ship called {w}.", title=f"Story {w}") for w in numbers]
    app.service.reindex([str(write_jsonl(tmp_path / "stories.jsonl", *stories))])
    _, first, *pages, last, _ = talk(app, "Which grain story?", "more", "more", "more", "/more", "more")
    seen = [item for shown in (first, *pages) for item in numbered(shown)]
    assert len(numbered(first)) == 3
    assert [number for number, _ in seen] == list(range(1, len(seen) + 1))
    assert len(seen) >= 10
    marked = [sentence for shown in (first, *pages) for sentence in re.findall(r"⟦(.+?)⟧", one_line(shown))]
    assert len(set(marked)) == len(marked) == len(seen)
    assert "there are no further passages" in last


def test_more_before_a_question_says_what_to_do(app: Application) -> None:
    assert "ask a question first" in talk(app, "more")[1]


def test_more_is_about_the_last_question_and_keeps_no_second_answer(app: Application, news: Path) -> None:
    shown = talk(app, QUESTION, "more", "Why was the ferry to Bergen late?", "more")
    assert numbered(shown[3])[0] == (1, "Storm delays the ferry")
    assert numbered(shown[4])[0][0] == len(numbered(shown[3])) + 1
    connection = sqlite3.connect(news / "catalogue.sqlite3")
    assert connection.execute("SELECT COUNT(*) FROM answers").fetchone() == (2,)
    connection.close()


# Open


def test_open_shows_the_whole_article_with_the_sentence_still_marked(app: Application) -> None:
    _, answer, opened, _ = talk(app, "Which grain ships may pass the strait until December?", "open 1")
    assert f"⟦{SENTENCE}⟧" in one_line(answer)
    assert f"⟦{SENTENCE}⟧" in one_line(opened)
    assert numbered(opened) == numbered(answer)[:1]
    assert len(numbered(opened)) == 1


def test_open_shows_paragraphs_that_no_passage_showed(app: Application, tmp_path: Path) -> None:
    paragraphs = [f"Paragraph {n} tells of comet {n}. {'It was seen for a while. ' * 15}".strip() for n in range(9)]
    app.service.reindex([str(write_jsonl(tmp_path / "a.jsonl", record("a", "\n\n".join(paragraphs), source="Sky")))])
    _, answer, opened, _ = talk(app, "What does paragraph 4 tell of? source:Sky", "/open 1")
    assert len(numbered(answer)) == 3
    assert all(f"Paragraph {n} tells of comet {n}." in one_line(opened) for n in range(9))


def test_a_passage_of_a_later_page_can_be_opened(app: Application) -> None:
    *_, more, opened, _ = talk(app, QUESTION, "more", "open 3")
    assert numbered(more)[0] == numbered(opened)[0]


@pytest.mark.parametrize("command", ["open 0", "open 9", "open", "/open -1", "/open two", "/open", "/open ²"])
def test_a_number_that_is_none_of_the_passages_is_refused(app: Application, command: str) -> None:
    shown = talk(app, QUESTION, command)[2]
    assert "there is no passage" in shown
    assert "open 1" in shown


def test_open_before_a_question_is_refused(app: Application) -> None:
    assert "there is no passage 1" in talk(app, "open 1")[1]


def test_an_article_that_changed_since_it_was_cited_opens_as_it_was(app: Application, tmp_path: Path) -> None:
    feed = write_jsonl(tmp_path / "turku.jsonl", record("turku", "A comet was seen over Turku. It was green."))
    app.service.reindex([str(feed)])

    def correct() -> str:
        write_jsonl(feed, record("turku", "A balloon was seen over Turku. It was red."))
        return "/reindex"

    lines = iter(["Where was a comet seen?", "reindex", "open 1", "Where was a comet seen?"])
    file = StringIO()
    shown: list[str] = []

    def read(prompt: str) -> str:
        shown.append(file.getvalue())
        line = next(lines, None)
        if line is None:
            raise EOFError
        return correct() if line == "reindex" else line

    Chat(app, read, Console(file=file, width=100, color_system=None)).run()
    assert "0 added, 1 changed" in shown[2][len(shown[1]) :]
    assert "It was green." in shown[3][len(shown[2]) :]
    assert "A balloon was seen over Turku." in shown[4][len(shown[3]) :]


# Commands


def test_after_forgetting_nothing_is_left_to_go_on_from(app: Application) -> None:
    said = talk(app, QUESTION, "/forget", "more", "open 1", "related", "good")
    forgot, more, opened, related, good = said[2:7]
    assert "Deleted: 1 answer" in forgot
    assert all("ask a question first" in shown for shown in (more, related, good))
    assert "there is no passage 1" in opened


def test_summaries_are_given_by_topic_and_by_article(app: Application) -> None:
    _, topic, article, blank, _ = talk(app, "/summary grain talks", "/summary bergen", "/summary")
    assert "every sentence verbatim" in topic
    assert "The ferry to Bergen was late because of the storm. [1]" in article
    assert "blank" in blank


def test_status_tells_what_the_index_holds(app: Application) -> None:
    assert "5 articles, 2022 to 10 July 2024" in talk(app, "/status")[1]
    assert "1 answered" in "".join(talk(app, QUESTION, "/status"))


def test_a_reindex_is_answered_from_at_once(app: Application, news: Path) -> None:
    feed = Path(app.service.status().feeds[0].location)
    original = feed.read_text()
    try:
        write_jsonl(feed, record("turku", "A comet was seen over Turku."))
        _, done, answer, full, wrong, _ = talk(
            app, "/reindex", "Where was a comet seen?", "/reindex full", "/reindex everything"
        )
    finally:
        feed.write_text(original)
    assert "Generation 2 holds 1 article " in done
    assert "A comet was seen over Turku." in answer
    assert "Generation 3" in full
    assert "/reindex takes nothing or `full`, not 'everything'" in wrong


def test_help_lists_the_commands(app: Application) -> None:
    for command in ("help", "/help"):
        shown = talk(app, command)[1]
        for name in ("more", "open N", "/summary", "/status", "/reindex", "/quit"):
            assert name in shown


@pytest.mark.parametrize("command", ["/watch grain", "/digest daily", "/watches"])
def test_what_a_terminal_has_not_is_told(app: Application, command: str) -> None:
    assert "in Slack and Discord" in talk(app, command)[1]


@pytest.mark.parametrize("command", ["/dance", "/", "/summery grain"])
def test_an_unknown_command_is_refused_and_not_asked(app: Application, command: str) -> None:
    shown = talk(app, command)[1]
    assert f"there is no command '{command.split(maxsplit=1)[0]}': /help lists them" in shown
    assert numbered(shown) == []


# Bad input


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("?!", "holds no word"),
        ("a" * 2001, "at most 2,000 can be asked"),
        (f"{QUESTION} source:Nobody", "no article is from the source 'Nobody'"),
        (f"{QUESTION} since:2025 until:2024", "swap the two dates"),
        ("/summary ?!", "holds no word"),
    ],
)
def test_bad_input_is_told_in_a_line_and_the_talk_goes_on(app: Application, line: str, said: str) -> None:
    _, refusal, answer, _ = talk(app, line, QUESTION)
    assert said in one_line(refusal)
    assert numbered(answer)


def test_nothing_typed_steers_the_screen(app: Application) -> None:
    for shown in talk(
        app, "/\x1b[31mred", "\x1b[31m source:\x1b[2J", "/summary \x9b[bold] source:\x07", "/reindex \x1b"
    ):
        assert not set(shown) & set("\x1b\x9b\x07")


def test_an_altered_article_is_not_shown_and_the_talk_goes_on(app: Application, news: Path) -> None:
    connection = sqlite3.connect(news / "catalogue.sqlite3")
    connection.execute("UPDATE revisions SET text = replace(text, 'Envoys', 'Enemies')")
    connection.commit()
    connection.close()
    _, refusal, status, _ = talk(app, QUESTION, "/status")
    assert "is not what was stored" in one_line(refusal)
    assert "Enemies" not in refusal
    assert "5 articles" in status


# What changed since


def test_what_is_opened_after_its_article_changed_says_so(app: Application) -> None:
    given = re.search(r"answer ([0-9A-Z]{6})", one_line(talk(app, QUESTION)[1]))
    assert given
    app.catalogue.remove_feed(app.catalogue.feeds()[0].name)
    _, again, opened, context, _ = talk(app, f"/answer {given.group(1)}", "open 1", "context 1")
    for shown in (again, opened, context):
        assert "They agreed to let grain ships pass" in one_line(shown)
        assert "The article has been removed since (seen " in one_line(shown)
    assert "Insurers raised their rates" in one_line(opened)


def test_what_changed_after_it_was_shown_is_opened_with_that_word(app: Application) -> None:
    def lines() -> Iterator[str]:
        yield QUESTION
        app.catalogue.remove_feed(app.catalogue.feeds()[0].name)
        yield "open 1"

    _, answer, opened, _ = talk_of(app, lines())
    assert "has been removed since" not in one_line(answer)
    assert "The article has been removed since (seen " in one_line(opened)


# Leaving


@pytest.mark.parametrize("word", ["/quit", "/exit", "quit", "exit"])
def test_a_word_to_leave_ends_the_talk(app: Application, word: str) -> None:
    assert len(talk(app, word, QUESTION)) == 2


def test_an_interrupt_ends_the_talk_like_the_end_of_input(app: Application) -> None:
    def read(prompt: str) -> str:
        raise KeyboardInterrupt

    file = StringIO()
    Chat(app, read, Console(file=file, color_system=None)).run()
    assert file.getvalue().endswith("\n\n")
