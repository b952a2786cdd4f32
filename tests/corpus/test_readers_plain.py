from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpus.readers import BadItem, Origin
from corpus.readers.furniture import is_furniture, opens_list
from corpus.readers.plain import PlainTextReader
from retrieval.dates import PartialDate
from retrieval.types import Article

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"

LEDE = "The harbour of Port Selin opened again on Tuesday, three months after a storm broke its outer wall."
SECOND = (
    "“We lost a season, not a harbour,” said Ana Brandt, who runs the pilots’ office. She expects the first "
    "grain ships within a week, and the ferries to the islands in May at the latest."
)
LAST = "Insurers have paid for less than a third of the repairs, according to the port’s own accounts."
TITLE = "Port Selin’s Harbour Opens After the Storm"


def read(folder: Path, data: str | bytes) -> list[Article | BadItem]:
    path = folder / "page-1.txt"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(PlainTextReader().read(Origin("clippings", path, "2024/page-1.txt")))


def read_article(folder: Path, *paragraphs: str) -> Article:
    (article,) = read(folder, "\n\n".join(paragraphs))
    assert isinstance(article, Article)
    return article


def body(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs)


def test_a_page_as_it_is_scraped(tmp_path: Path) -> None:
    article = read_article(
        tmp_path,
        "Site icon Coast Courier",
        TITLE,
        "Harbour Selin",
        "Harbour Selin",
        LEDE,
        "A crane lifts the last stones into the outer wall",
        SECOND,
        "Advertisement",
        LAST,
        "Don’t miss out on these:",
        "Ferry Fares to Rise in Spring",
        "Who Won the Regatta? Full Results",
        "iPhones for Every Pilot",
        "Exit mobile version",
    )
    assert article == Article(
        id="clippings/2024/page-1.txt",
        title=TITLE,
        text=body(LEDE, "A crane lifts the last stones into the outer wall", SECOND, LAST),
    )


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the folder ../shared/seeds is not here")
@pytest.mark.parametrize("seed", sorted(SEEDS.glob("*_*.txt")), ids=lambda path: path.stem)
def test_a_real_page_keeps_its_paragraphs(seed: Path) -> None:
    (article,) = PlainTextReader().read(Origin("seeds", seed, seed.name))
    assert isinstance(article, Article)
    assert "Site icon" not in article.title
    assert 4 <= len(article.title.split()) <= 15
    lines = [line.strip() for line in seed.read_text("utf-8").split("\n")]
    assert all(line in article.text for line in lines if len(line) > 200)
    assert article.text.endswith(max((line for line in lines if len(line) > 200), key=lines.index))
    assert "Exit mobile version" not in article.text
    assert len(set(article.text.split("\n\n"))) == len(article.text.split("\n\n"))


@pytest.mark.parametrize(
    "line",
    [
        "Advertisement",
        "ADVERTISEMENT",
        "Story continues below advertisement",
        "Article continues after this ad",
        "Scroll to continue",
        "Share this article",
        "Share on Facebook",
        "Share this:",
        "Facebook Twitter WhatsApp Email",
        "Subscribe to our newsletter",
        "Subscribe now!",
        "Sign up for our daily newsletter.",
        "Follow us on Telegram",
        "Get the day’s news in your inbox",
        "Accept all cookies",
        "We use cookies to make this site work. By going on you agree to that.",
        "Read more",
        "READ MORE »",
        "Read more: Pilots Vote on a Strike",
        "Also read – Pilots Vote on a Strike",
        "Continue reading…",
        "Leave a comment",
        "12 comments",
        "Tags: harbours, storms",
        "Photo: Coast Courier",
        "© 2024 Coast Courier. All rights reserved.",
        "Home > World > Coast",
        "Skip to content",
        "3 min read",
        "Exit mobile version",
    ],
)
def test_furniture_goes_wherever_it_stands(tmp_path: Path, line: str) -> None:
    article = read_article(tmp_path, line, TITLE, LEDE, line, SECOND, LAST, line)
    assert article.title == TITLE
    assert article.text == body(LEDE, SECOND, LAST)


@pytest.mark.parametrize(
    "line",
    [
        "Read more than the treaty’s title before you sign it, she told them.",
        "Read more: that was the minister’s advice to the delegates.",
        "Share prices fell.",
        "Subscribe to the treaty?",
        "Related-party deals are barred",
        "Copyright law is being written anew in Brussels.",
        "No comment.",
        "Site icons of the old city were spared by the shells.",
        "(c) The sale of arms is ended;",
        "Follow the money",
        "Topics: trade, oil and arms came up in that order.",
        "Up next is the vote on the budget",
        "Advertisements by the ministry were pulled in March.",
        "By Tuesday the wall had held",
        "9 July",
    ],
)
def test_sentences_that_only_begin_like_furniture_stay(tmp_path: Path, line: str) -> None:
    assert line in read_article(tmp_path, TITLE, LEDE, line, SECOND).text.split("\n\n")


def test_a_long_paragraph_is_never_furniture(tmp_path: Path) -> None:
    notice = "We use cookies, " + "and the law on them has many parents " * 6 + "as it happens."
    assert read_article(tmp_path, TITLE, LEDE, notice).text == body(LEDE, notice)


@pytest.mark.parametrize("heading", ["Related stories:", "Most read", "You may also like", "RELATED", "Trending now"])
def test_a_list_of_other_headlines_goes_with_its_heading(tmp_path: Path, heading: str) -> None:
    others = ("- Ferry Fares to Rise in Spring", "- Pilots Vote on a Strike")
    assert read_article(tmp_path, TITLE, LEDE, SECOND, heading, *others).text == body(LEDE, SECOND)
    assert read_article(tmp_path, TITLE, LEDE, SECOND, "\n".join((heading, *others))).text == body(LEDE, SECOND)
    assert read_article(tmp_path, TITLE, LEDE, heading, others[0], SECOND).text == body(LEDE, SECOND)
    assert read_article(tmp_path, heading, *others, TITLE, LEDE, SECOND).title == TITLE


def test_a_list_ends_where_sentences_go_on(tmp_path: Path) -> None:
    article = read_article(
        tmp_path, TITLE, LEDE, "Read more:", "Pilots Vote on a Strike", "What Comes Next", SECOND, "It holds."
    )
    assert article.text == body(LEDE, "What Comes Next", SECOND, "It holds.")


def test_a_list_too_long_for_links_stays(tmp_path: Path) -> None:
    entries = [f"Ship number {number} to Port Selin" for number in range(25)]
    assert read_article(tmp_path, TITLE, LEDE, "Recommended", *entries).text == body(LEDE, *entries)


def test_a_page_of_headlines_alone_keeps_them(tmp_path: Path) -> None:
    entries = ("Ferry Fares to Rise in Spring", "Pilots Vote on a Strike")
    assert all(entry in read_article(tmp_path, "Top stories", *entries).text for entry in entries)


@pytest.mark.parametrize(
    "line",
    [
        "By Ana Brandt",
        "By Ana Brandt and Jo van der Berg",
        "Published 9 July 2024, 10:15",
        "Updated 2 hours ago",
        "The wall in March. Jo Berg/Getty Images",
        "Harbour",
        TITLE,
        f"{TITLE} | Coast Courier",
    ],
)
@pytest.mark.parametrize("below", [True, False])
def test_labels_above_the_body_are_neither_title_nor_text(tmp_path: Path, line: str, below: bool) -> None:
    head = (TITLE, line) if below else (line, TITLE)
    article = read_article(tmp_path, *head, LEDE, SECOND)
    assert article.title == TITLE
    assert article.text == body(LEDE, SECOND)


@pytest.mark.parametrize(
    "line", ["What its pilots and its insurers say", "The wall held, for once", "March 3", "Tuesday, 9 July 2024"]
)
def test_other_lines_above_the_body_stay(tmp_path: Path, line: str) -> None:
    article = read_article(tmp_path, TITLE, line, LEDE, SECOND)
    assert article.title == TITLE
    assert article.text == body(line, LEDE, SECOND)


def test_of_a_long_line_that_stands_twice_one_stays(tmp_path: Path) -> None:
    line = "What its pilots and its insurers say"
    assert read_article(tmp_path, TITLE, line, line, LEDE).text == body(line, LEDE)


def test_repeated_lines_of_the_body_stay(tmp_path: Path) -> None:
    lines = (LEDE, "Yes", SECOND, "Yes", SECOND)
    assert read_article(tmp_path, TITLE, *lines).text == body(*lines)


def test_a_transcript_keeps_its_speakers(tmp_path: Path) -> None:
    lines = ["Q", "Why now?", "A", "Because we can", "Q", "Who pays?", "A", "We do"] * 3
    assert read_article(tmp_path, TITLE, *lines).text == body(*lines)


def test_line_breaks_part_paragraphs_where_no_blank_lines_do(tmp_path: Path) -> None:
    (article,) = read(tmp_path, "\n".join(("Site icon Courier", TITLE, LEDE, "Advertisement", SECOND, LAST)))
    assert isinstance(article, Article)
    assert article.title == TITLE
    assert article.text == "\n".join((LEDE, SECOND, LAST))


def test_wrapped_lines_stay_together(tmp_path: Path) -> None:
    wrapped = "The harbour opened again on\nTuesday. Its pilots said\n  “share this”\nand went to work."
    article = read_article(tmp_path, "Port Selin’s Harbour Opens\nafter the storm", wrapped, LAST)
    assert article.title == "Port Selin’s Harbour Opens after the storm"
    assert article.text == body(wrapped, LAST)


def test_without_a_headline_the_first_sentence_is_the_title(tmp_path: Path) -> None:
    article = read_article(tmp_path, "Site icon Coast Courier", SECOND, LAST)
    assert article.title == "“We lost a season, not a harbour,” said Ana Brandt, who runs the pilots’ office."
    assert article.text == body(SECOND, LAST)


def test_a_single_line_is_title_and_text(tmp_path: Path) -> None:
    article = read_article(tmp_path, "Port Selin opens")
    assert (article.title, article.text) == ("Port Selin opens", "Port Selin opens")


@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_header_lines_are_fields(tmp_path: Path, between: str) -> None:
    header = (
        f"Title: {TITLE}",
        "SOURCE: Coast Courier",
        "url:https://courier.example/1",
        "Date: 2024-07-09",
        "Published: 2020",
        "Author: Ana Brandt",
    )
    (article,) = read(tmp_path, f"{between.join(header)}{between}\n{TITLE}\n\n{LEDE}")
    assert article == Article(
        "https://courier.example/1",
        LEDE,
        TITLE,
        "Coast Courier",
        "https://courier.example/1",
        PartialDate(2024, 7, 9),
    )


def test_header_lines_stand_at_the_start_alone(tmp_path: Path) -> None:
    article = read_article(tmp_path, TITLE, LEDE, "Source: the port’s accounts")
    assert article.text == body(LEDE, "Source: the port’s accounts")
    assert article.source == ""
    long = "Source: " + SECOND * 3
    assert long in read_article(tmp_path, long, LEDE).text


def test_a_wrong_date_costs_the_date_alone(tmp_path: Path) -> None:
    article, complaint = read(tmp_path, f"Date: 31 June\n\n{LEDE}")
    assert isinstance(article, Article)
    assert article.published is None
    assert isinstance(complaint, BadItem)
    assert complaint.where == "2024/page-1.txt"
    assert "'31 June'" in complaint.reason


@pytest.mark.parametrize("data", ["", "\n \n", "Advertisement\n\nExit mobile version", f"Title: {TITLE}\n"])
def test_no_text_is_a_bad_item(tmp_path: Path, data: str) -> None:
    (bad,) = read(tmp_path, data)
    assert isinstance(bad, BadItem)
    assert bad.where == "2024/page-1.txt"
    assert "no text" in bad.reason


def test_the_text_is_tidied(tmp_path: Path) -> None:
    data = f"\ufeff{TITLE}\r\n\r\n\r\n\r\n{LEDE}\x00\x0b \t\r\n\r\n{SECOND}\r\n".encode()
    assert read(tmp_path, data) == [Article("clippings/2024/page-1.txt", body(LEDE, SECOND), TITLE)]


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    (bad,) = read(tmp_path, b"Caf\xe9")
    assert isinstance(bad, BadItem)
    assert "is not UTF-8 at byte 3 (0xe9" in bad.reason


@pytest.mark.parametrize("name", ["gone.txt", "."])
def test_a_file_that_cannot_be_opened_is_a_bad_item(tmp_path: Path, name: str) -> None:
    (bad,) = PlainTextReader().read(Origin("clippings", tmp_path / name, "page.txt"))
    assert isinstance(bad, BadItem)
    assert "cannot be read" in bad.reason


word = st.text(st.characters(categories=["L", "Nd"], include_characters="’-%"), min_size=1, max_size=9)
prose = st.builds(
    lambda opening, words, end: " ".join((opening, *words)) + end,
    st.sampled_from(["Read more:", "Related", "Site icon", "Share", "We use cookies", "Title", "By Ana", "“So", "©"]),
    st.lists(word, min_size=60, max_size=90),
    st.sampled_from([".", "", "?", ".”"]),
)
noise = st.sampled_from(
    ["Site icon Courier", "Related stories:", "Read more", "Read more:", "Pilots Vote on a Strike", "Harbour", ""]
) | st.text(max_size=30)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), prose, noise), min_size=1, max_size=12), st.sampled_from(["\n", "\n\n"]))
def test_long_paragraphs_always_stay_in_order(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[bool, str, str]], between: str
) -> None:
    paragraphs = [text if is_prose else other for is_prose, text, other in parts] + [parts[0][1]]
    (article, *_) = read(tmp_path_factory.getbasetemp(), between.join(paragraphs))
    assert isinstance(article, Article)
    position = 0
    for kept in [text for is_prose, text, _ in parts if is_prose] + [parts[0][1]]:
        position = article.text.index(kept, position) + len(kept)


@settings(deadline=None)
@given(st.binary() | st.lists(noise | prose).map(lambda parts: "\n\n".join(parts).encode()))
@example(b"!\n !")
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    first, *others = read(tmp_path_factory.getbasetemp(), data)
    assert all(isinstance(item, BadItem) for item in others)
    if isinstance(first, Article):
        assert first.title
        assert first.text == first.text.strip() != ""


@pytest.mark.parametrize("filler", [" ", "a ", "sign up for ", "home", "by A", "Sun", "1", "Title: x\n", "Related\n"])
def test_odd_lines_take_no_time(tmp_path: Path, filler: str) -> None:
    line = "x" + filler * 200_000 + "!"
    assert not is_furniture(line)
    assert not opens_list(line)
    assert read(tmp_path, f"{filler * 200_000}!\n\n{line}")
