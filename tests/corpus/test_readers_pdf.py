import datetime as dt
import random
from collections.abc import Sequence
from io import BytesIO
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader as Reader
from pypdf import PdfWriter
from reportlab.pdfgen.canvas import Canvas

from corpus.readers import BadItem, Origin, reader_for
from corpus.readers.pdf import MAX_PAGES, PdfReader
from corpus.readers.pdf_text import join_pages
from retrieval.dates import PartialDate
from retrieval.types import Article

LINES = (
    "The harbour of Port Selin opened again on Tuesday, three months after",
    "a storm broke its outer wall. The ferries to the islands sail in May at",
    "the latest, and the first grain ships are expected within a week.",
)


def pdf(pages: Sequence[Sequence[str]], title: str = "", made: dt.datetime | None = None) -> bytes:
    """A document with these lines on its pages."""
    file = BytesIO()
    canvas = Canvas(file)
    canvas.setTitle(title)
    for lines in pages:
        for number, line in enumerate(lines):
            canvas.drawString(72, 780 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    writer = PdfWriter(clone_from=BytesIO(file.getvalue()))
    writer.add_metadata({"/CreationDate": made.strftime("D:%Y%m%d%H%M%S+00'00'") if made else ""})
    return written(writer)


def written(writer: PdfWriter) -> bytes:
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


def read(folder: Path, data: bytes, reader: PdfReader | None = None) -> list[Article | BadItem]:
    path = folder / "report.pdf"
    path.write_bytes(data)
    return list((reader or PdfReader()).read(Origin("reports", path, "2024/report.pdf")))


def reason(folder: Path, data: bytes, reader: PdfReader | None = None) -> str:
    (bad,) = read(folder, data, reader)
    assert isinstance(bad, BadItem)
    assert bad.where == "2024/report.pdf"
    assert "\n" not in bad.reason
    return bad.reason


def test_documents_have_a_reader() -> None:
    assert isinstance(reader_for(Path("a.b.PDF")), PdfReader)


def test_a_document_gives_an_article(tmp_path: Path) -> None:
    made = dt.datetime(2024, 7, 9, 12, tzinfo=dt.UTC)
    assert read(tmp_path, pdf([LINES], "Port Selin opens", made)) == [
        Article("reports/2024/report.pdf", " ".join(LINES), "Port Selin opens", published=PartialDate(2024, 7, 9))
    ]


@pytest.mark.parametrize(
    "title", ["", "untitled", "Document1", "report_final.docx", "Microsoft Word - rep.doc", "x" * 400]
)
def test_a_title_that_is_none_gives_way_to_the_first_sentence(tmp_path: Path, title: str) -> None:
    (article,) = read(tmp_path, pdf([LINES], title))
    assert isinstance(article, Article)
    assert article.title.startswith("The harbour of Port Selin opened again")


@pytest.mark.parametrize("made", [None, dt.datetime(1970, 1, 1), dt.datetime(2199, 1, 1)])  # noqa: DTZ001
def test_a_date_that_cannot_be_is_left_out(tmp_path: Path, made: dt.datetime | None) -> None:
    (article,) = read(tmp_path, pdf([LINES], made=made))
    assert isinstance(article, Article)
    assert article.published is None


def test_heads_feet_and_page_numbers_go_and_sentences_run_over_pages(tmp_path: Path) -> None:
    body = [(f"Part {word} tells of the harbour", f"and of the year {word} that") for word in ("one", "two", "three")]
    pages = [["Coast Courier Report", *lines, f"Page {number} of 3"] for number, lines in enumerate(body, 1)]
    (article,) = read(tmp_path, pdf(pages))
    assert isinstance(article, Article)
    assert "Courier" not in article.text
    assert "Page" not in article.text
    assert "Part one tells of the harbour and of the year one that Part two tells of" in article.text


# Bad documents


def test_an_encrypted_document_says_so(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=BytesIO(pdf([LINES])))
    writer.encrypt("secret", algorithm="RC4-128")
    assert "is encrypted: save it without a password" in reason(tmp_path, written(writer))


def test_a_document_that_only_forbids_printing_is_read(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=BytesIO(pdf([LINES])))
    writer.encrypt("", "secret", algorithm="RC4-128")
    (article,) = read(tmp_path, written(writer))
    assert isinstance(article, Article)


def test_pages_without_text_say_that_they_may_be_scanned(tmp_path: Path) -> None:
    assert "scanned pages" in reason(tmp_path, pdf([[], []]))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no PDF"),
        (b"<html>Log in</html>", "is no PDF: it begins with b'<html>Log in"),
        (b"%PDF-1.7\nnothing", "is a broken PDF"),
        (pdf([LINES])[:200], "is a broken PDF"),
    ],
)
def test_what_is_no_document_is_one_bad_item(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in reason(tmp_path, data)


def test_a_document_of_too_many_pages_is_refused(tmp_path: Path) -> None:
    writer = PdfWriter()
    for _ in range(MAX_PAGES + 1):
        writer.add_blank_page(10, 10)
    assert "has 1,001 pages, more than 1,000" in reason(tmp_path, written(writer))


def test_reading_is_given_up_after_a_while(tmp_path: Path) -> None:
    seconds = count(step=25)
    slow = PdfReader(clock=lambda: float(next(seconds)))
    assert "takes longer than 60 seconds, at page 3" in reason(tmp_path, pdf([LINES] * 5), slow)


def test_a_file_that_cannot_be_opened_is_a_bad_item(tmp_path: Path) -> None:
    (bad,) = PdfReader().read(Origin("reports", tmp_path / "gone.pdf", "gone.pdf"))
    assert isinstance(bad, BadItem)
    assert "cannot be read" in bad.reason


WHOLE = pdf([LINES, LINES], "Port Selin")


def damaged(seed: int) -> bytes:
    """A whole document with some of its bytes changed."""
    dice = random.Random(seed)
    data = bytearray(WHOLE)
    for _ in range(dice.randint(1, 30)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    return bytes(data)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=400) | st.integers(0, 10_000).map(damaged))
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    (item,) = read(tmp_path_factory.getbasetemp(), data)
    assert isinstance(item, Article | BadItem)


def test_the_documents_of_these_tests_are_sound() -> None:
    assert len(Reader(BytesIO(WHOLE)).pages) == 2


# Lines


def test_wrapped_lines_are_one_paragraph_and_a_short_last_line_ends_it() -> None:
    short = "a storm broke its wall."
    assert join_pages(["\n".join((LINES[0], short, LINES[0], LINES[2]))]) == (
        f"{LINES[0]} {short}\n\n{LINES[0]} {LINES[2]}"
    )


def test_blank_lines_headings_indents_and_items_part_paragraphs() -> None:
    items = ("• One ship was lost.", "• Two ships sank.")
    page = "\n".join(("What the storm did", *LINES, "", *LINES, f"   {LINES[0]}", *LINES[1:], *items))
    whole = " ".join(LINES)
    assert join_pages([page]).split("\n\n") == ["What the storm did", whole, whole, whole, *items]


def test_divided_words_are_whole_again() -> None:
    page = (
        "The engineers of the harbour of Port Selin had called for an immediate re-\npair of the outer wall, they said."
    )
    assert "an immediate repair of" in join_pages([page])


def test_a_hyphen_that_belongs_to_a_word_stays() -> None:
    page = "A long-term plan was made by the town council of Port Selin, and this long-\nterm plan did not hold at all."
    assert "this long-term plan" in join_pages([page])


def test_ligatures_are_letters() -> None:
    assert join_pages(["The ﬁrst oﬃcer of the ﬂeet"]) == "The first officer of the fleet"


def test_a_line_that_stands_on_one_page_alone_stays() -> None:
    assert join_pages(["Summary", "Annex"]).split() == ["Summary", "Annex"]


@pytest.mark.parametrize("number", ["12", "- 12 -", "Page 12", "12/40", "xiv", "p. 12"])
def test_page_numbers_go(number: str) -> None:
    assert join_pages([f"{LINES[0]}\n{LINES[1]}\n{LINES[2]}\n{number}"]) == " ".join(LINES)


@settings(deadline=None)
@given(st.lists(st.text(max_size=200), max_size=6))
def test_any_lines_are_joined_without_losing_order(pages: list[str]) -> None:
    text = join_pages(pages)
    assert text == text.strip()
    assert "\n\n\n" not in text
