import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.options import Precision
from retrieval.encoders.port import Encoder
from retrieval.encoders.sentence_transformer import SentenceTransformerEncoder
from retrieval.passages import JOIN_BELOW, LONGEST, PassageCutter, encoder_inputs, title_prefix
from retrieval.types import Article, Span

PARAGRAPH = "Envoys of India and Russia met in Moscow on Monday. They spoke of trade, oil and the border. " * 4


def cut(text: str, title: str = "", max_tokens: int = 254) -> list[Span]:
    return PassageCutter(FakeEncoder(max_tokens=max_tokens)).cut([Article("a", text, title)])[0]


def assert_sound(text: str, title: str, encoder: Encoder, passages: list[Span]) -> None:
    """They slice back in order, lose nothing but white space, and are seen whole behind their title."""
    at = 0
    for passage in passages:
        assert at <= passage.start < passage.end <= len(text)
        assert passage.of(text) == passage.of(text).strip()
        assert not text[at : passage.start].strip()
        assert len(passage.of(text)) <= LONGEST
        at = passage.end
    assert not text[at:].strip()
    inputs = encoder_inputs((title, passage.of(text)) for passage in passages)
    # A title as long as all that is seen leaves room for one token.
    room = max(encoder.max_tokens, len(encoder.token_spans([title_prefix(title)])[0]) + 1)
    for seen, passage in zip(encoder.token_spans(inputs), passages, strict=True):
        assert len(seen) <= room, passage.of(text)[:80]


@pytest.mark.parametrize("text", ["", " \n\n\t ", "\u2003"])
def test_nothing_is_cut_from_nothing(text: str) -> None:
    assert cut(text) == []


def test_paragraphs_are_passages() -> None:
    text = f"{PARAGRAPH}\n\n{PARAGRAPH.upper()}\n\n{PARAGRAPH}"
    assert [span.of(text) for span in cut(text)] == [PARAGRAPH.strip(), PARAGRAPH.upper().strip(), PARAGRAPH.strip()]


def test_short_paragraphs_join_the_next_one() -> None:
    text = f"By A. Reporter\n\nMOSCOW\n\n{PARAGRAPH}\n\n{PARAGRAPH}"
    assert [span.start for span in cut(text)] == [0, text.rindex(PARAGRAPH)]


def test_a_short_last_paragraph_joins_the_one_before() -> None:
    text = f"{PARAGRAPH}\n\n{PARAGRAPH}\n\nEdited in Delhi."
    first, second = cut(text)
    assert first.of(text) == PARAGRAPH.strip()
    assert second.of(text) == f"{PARAGRAPH}\n\nEdited in Delhi."


def test_short_is_what_has_few_characters() -> None:
    for length, count in ((JOIN_BELOW - 1, 1), (JOIN_BELOW, 2)):
        first, second = (("word " * 60)[: size - 1] + "." for size in (length, JOIN_BELOW))
        assert len(cut(f"{first}\n\n{second}")) == count


def test_what_would_not_fit_is_not_joined() -> None:
    assert len(cut("One two three.\n\nFour five six.", max_tokens=8)) == 1
    assert len(cut("One two three.\n\nFour five six.", max_tokens=7)) == 2


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = "One two three four. Five six seven eight. Nine ten eleven twelve. Thirteen fourteen."
    assert [span.of(text) for span in cut(text, max_tokens=10)] == [
        "One two three four. Five six seven eight.",
        "Nine ten eleven twelve. Thirteen fourteen.",
    ]


def test_a_long_sentence_is_cut_between_words() -> None:
    text = "one two three four five six seven eight nine"
    assert [span.of(text) for span in cut(text, max_tokens=4)] == ["one two three four", "five six seven eight", "nine"]


def test_the_title_takes_its_room() -> None:
    text = "one two three four five six"
    assert len(cut(text, title="Two words", max_tokens=9)) == 1
    assert len(cut(text, title="Two words", max_tokens=8)) == 2


def test_a_title_longer_than_what_is_seen_leaves_one_token() -> None:
    text = "one two three"
    assert [span.of(text) for span in cut(text, title="Title of many words", max_tokens=4)] == ["one", "two", "three"]


def test_titles_stand_before_the_text() -> None:
    assert encoder_inputs([("Modi  in\n Moscow ", "He flew."), ("", "No title."), (" ", "Blank.")]) == [
        "Modi in Moscow. He flew.",
        "No title.",
        "Blank.",
    ]


def test_long_titles_are_cut_between_words() -> None:
    prefix = title_prefix("summit " * 40)
    assert prefix.endswith("summit. ")
    assert 150 < len(prefix) <= 162
    assert len(title_prefix("x" * 500)) <= 162


def test_articles_are_cut_apart() -> None:
    cutter = PassageCutter(FakeEncoder())
    articles = [Article("a", "One."), Article("b", ""), Article("c", f"{PARAGRAPH}\n\n{PARAGRAPH}", "Title")]
    assert cutter.cut(articles) == [cutter.cut([article])[0] for article in articles]
    assert [len(spans) for spans in cutter.cut(articles)] == [1, 0, 2]
    assert cutter.cut([]) == []


MANY = "Envoys of India met. They spoke (at 5 p.m.) U.S. “Why?” \n \n\n $65 ... 🕊️ मोदी 首脑会议 — \ud800 \x00"
WORDS = st.sampled_from([*MANY.split(" "), "x" * 90])
TEXTS = st.text(max_size=200) | st.lists(WORDS, max_size=80).map(" ".join) | st.lists(WORDS, max_size=40).map("".join)
TITLES = st.sampled_from(["", "Modi", "Modi in Moscow", "A “title” of quite many words — and marks!"])


@given(TEXTS, TITLES, st.integers(1, 30))
def test_any_text_is_cut_without_loss(text: str, title: str, max_tokens: int) -> None:
    encoder = FakeEncoder(4, max_tokens)
    assert_sound(text, title, encoder, PassageCutter(encoder).cut([Article("a", text, title)])[0])


@example(before=0, run=LONGEST + 100, after=3, max_tokens=3)
@example(before=2, run=3 * LONGEST, after=0, max_tokens=3)
@given(st.integers(0, 5), st.integers(1, 3 * LONGEST), st.integers(0, 8), st.integers(1, 8))
def test_endless_runs_are_cut_without_loss(before: int, run: int, after: int, max_tokens: int) -> None:
    text = "a " * before + "x" * run + " b" * after
    encoder = FakeEncoder(4, max_tokens)
    assert_sound(text, "", encoder, PassageCutter(encoder).cut([Article("a", text)])[0])


@pytest.fixture(scope="module")
def model() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder(precision=Precision.FLOAT32)


NEWSPRINT = {
    "news": PARAGRAPH * 12,
    "one paragraph a line": "\n".join([PARAGRAPH, "By A. Reporter", PARAGRAPH * 3]),
    "no full stop": "the envoy of the largest democracy travelled onward " * 120,
    "figures": "Imports (2023): $65,432,101.77; exports: $4,000,000.01; ratio 16.36:1; " * 60,
    "names": "Volodymyr Zelenskyy, Thiruvananthapuram, Nagorno-Karabakh, Kudankulam, Okhmatdyt " * 40,
    "long words": "antidisestablishmentarianism-internationalisation " * 80,
    "address": "https://wire.example/2024/07/09/modi-in-moscow?utm_source=mail&utm_medium=web " * 40,
    "address without spaces": "https://wire.example/" + "modi-in-moscow/putin_hosts.html?" * 100,
    "chinese": "印度總理訪問莫斯科，會見了俄羅斯總統。" * 60,
    "hangul": "인도 총리가 모스크바를 방문했다. " * 80,
    "thai": "นายกรัฐมนตรีอินเดียเยือนมอสโก" * 60,
    "emoji": "🕊️🇮🇳" * 400,
    "a letter a word": "a b c d e f g h i j " * 60,
    "no space": "abcdefghij" * 700,
    "one word longer than the model reads, then news": "x" * 2090 + " " + PARAGRAPH * 3,
    "marks": "?!…—" * 400,
}


@pytest.mark.model
@pytest.mark.parametrize("text", NEWSPRINT.values(), ids=NEWSPRINT)
def test_the_model_sees_every_passage_whole(model: SentenceTransformerEncoder, text: str) -> None:
    for title in ("", "India keeps channels open to Russia, says minister", "標題" * 60):
        (passages,) = PassageCutter(model).cut([Article("a", text, title)])
        assert_sound(text, title, model, passages)
