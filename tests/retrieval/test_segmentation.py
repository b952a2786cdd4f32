import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.segmentation import paragraphs, sentences, trimmed
from retrieval.types import Span

# Sentences are parted by "|", which no text holds.
NEWS = """
The U.S. said it was concerned.| India demurred.
Mr. Modi embraced Mr. Putin.| Kyiv objected.
Gen. Bajwa retired in 2022.| Gen. Asim Munir followed.
Lt. Gov. Vinai Saxena signed it.| He left at once.
Maj. Gen. Harsh Kakkar and Col. Ajai Shukla disagreed.| Both wrote columns.
Brig. Gen. Pat Ryder briefed reporters.| He took no questions.
Rear Adm. John Kirby disagreed.| So did Amb. John Bass.
Sen. Lindsey Graham visited Kyiv.| Rep. Adam Smith did not.
Reps. Tom Rice and Nancy Mace lost.| Others won.
Dr. S. Jaishankar spoke first.| Then Sergei Lavrov replied.
J.D. Vance and George W. Bush disagreed.| So did others.
He quoted Gen. Mark A. Milley.| The rest was silence.
The Jan. 6 committee met.| It voted.
It happened on Sept. 11, 2001.| The world changed.
The E.U. imposed sanctions on Feb. 25.| Russia retaliated on March 3.
They met on Fri. and Sat. in Geneva.| Talks resume on Mon. morning.
Trade reached $65 billion.| Exports were $4 billion.
Oil traded at $65.5 a barrel.| It fell 2.3 percent.
Inflation rose to 3.5%.| Growth slowed.
The firm paid Rs. 500 crore.| It denied it.
The deal was worth approx. $3 bn.| It was signed at 10 a.m. in Delhi.
He lives at No. 10 Downing Street.| No. 11 is next door.
The talks ended at 5 p.m. on Monday.| Nobody spoke.
The council met.| China abstained.
He sold the stake to the bank.| Nobody knew the story.
It lasted a month.| The U.N. Security Council met the next day.| China abstained.
Putin vs. Zelensky is not the story.| Oil is.
St. Petersburg hosted the forum.| Moscow paid.
Rosneft Co. Ltd. sold a stake.| Reliance Inc. bought it.
Washington, D.C., was quiet.| Shops were shut.
He is a Ph.D. from M.I.T. and teaches.| She is not.
Arms, e.g. the S-400, were ordered.| Delivery slipped.
U.S.-India ties are strong.| The U.K. agrees.
“We will talk,” he said.| “We always talk.”| Then he left.
"This is not an era of war."| Mr. Modi said it in Samarkand.
He asked, “Why now?”| Nobody answered.
“Never!” he shouted.| The hall fell silent.
Ukraine’s president called it “a huge disappointment.”| India’s envoy was summoned.
“It's over,” said one official.| “We lost.| We know it.”| He asked not to be named.
The BBC's report, “Who runs Wagner?”, aired in January.| It won a prize.
The pact … was never ratified.| It lapsed in 2019.
“I don't know...” he said.| She nodded.
The minister (who had resigned in May) returned.| He was cheered.
He resigned.| (He denied any wrongdoing.)| The party moved on.
[The minister later apologised.]| Parliament adjourned.
Will it hold?| Nobody knows.| Markets shrugged!
""".strip().splitlines()


@pytest.mark.parametrize("line", NEWS)
def test_news_is_cut_where_its_sentences_end(line: str) -> None:
    text = line.replace("|", "")
    assert [span.of(text) for span in sentences(text)] == [part.strip() for part in line.split("|")]


def test_blank_lines_part_paragraphs() -> None:
    text = "\n  First line\nof the first.\n\n \t\n Second. \r\n\r\nThird.\n"
    assert [span.of(text) for span in paragraphs(text)] == ["First line\nof the first.", "Second.", "Third."]


def test_line_breaks_part_paragraphs_where_there_are_no_blank_lines() -> None:
    text = "First.\nSecond.\r\n Third.\n"
    assert [span.of(text) for span in paragraphs(text)] == ["First.", "Second.", "Third."]


def test_a_part_is_cut_as_the_whole_text_is() -> None:
    text = "One line\nand another.\n\nMore."
    assert [span.of(text) for span in paragraphs(text, Span(0, 21))] == ["One line\nand another."]
    assert [span.of(text) for span in paragraphs(text, Span(4, 25))] == ["line\nand another.", "Mo"]


def test_a_heading_without_full_stop_is_no_part_of_the_next_paragraph() -> None:
    text = "Kyiv objects\n\nPresident Zelensky wrote on X"
    assert [span.of(text) for span in sentences(text)] == ["Kyiv objects", "President Zelensky wrote on X"]


@pytest.mark.parametrize("text", ["", " ", "\n\n \n", "\u2003\x1f\x85"])
def test_white_space_holds_no_sentence(text: str) -> None:
    assert paragraphs(text) == sentences(text) == []


def test_trimming() -> None:
    assert trimmed("  a b ", Span(0, 6)) == Span(2, 5)
    assert trimmed("  a b ", Span(0, 2)) == Span(2, 2)
    assert trimmed("ab", Span(0, 2)) == Span(0, 2)


FRAGMENTS = [
    *[
        "Mr. Modi",
        "the U.S.",
        "Gen.",
        "Adm.",
        "No. 10",
        "5 p.m.",
        "$65.5 billion.",
        "he said",
        "“Why?”",
        "Jan. 6",
        "e.g.",
    ],
    *['"', "”", "’", ")", "(", "...", "…", "?!", ".", "; ", "J.D.", "1. ", "A", "i", "🕊️", "मोदी", "。"],
    *["\n", "\n\n", "\r\n", "\t", " ", "\ud800", "\x00", "\u200b", "\u2028"],
]
TEXTS = st.text(max_size=120) | st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(" ".join)
TIGHT = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)


def assert_covers(text: str, spans: list[Span]) -> None:
    """In order, without overlap or white space at their ends, leaving out nothing but white space."""
    at = 0
    for span in spans:
        assert at <= span.start < span.end
        assert span.of(text) == span.of(text).strip()
        assert not text[at : span.start].strip()
        at = span.end
    assert not text[at:].strip()


@given(TEXTS | TIGHT)
def test_paragraphs_and_sentences_cover_any_text(text: str) -> None:
    assert_covers(text, paragraphs(text))
    assert_covers(text, sentences(text))


@given(TEXTS | TIGHT)
def test_no_sentence_reaches_over_a_paragraph(text: str) -> None:
    within = paragraphs(text)
    for sentence in sentences(text):
        assert sum(p.start <= sentence.start and sentence.end <= p.end for p in within) == 1
        assert "\n\n" not in sentence.of(text)


@given(TEXTS | TIGHT)
def test_a_paragraph_alone_is_cut_as_within_its_text(text: str) -> None:
    for paragraph in paragraphs(text):
        inside = [s for s in sentences(text) if paragraph.start <= s.start < paragraph.end]
        assert sentences(text, paragraph) == inside
