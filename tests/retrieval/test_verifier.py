"""What questions suppose, and whether it is borne out; by words, and by tiny untrained models that are made here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from newsroom import PARAMETERS, newsroom

from bot.app import Application
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.options import Precision
from retrieval.engine import Engine
from retrieval.errors import EncoderError
from retrieval.parameters import Calibration, Parameters, Verification, probability
from retrieval.reader import Reader, WordReader
from retrieval.types import Answer, Article, Filters, Query
from retrieval.verifier.entailment import EntailmentVerifier
from retrieval.verifier.port import Verifier
from retrieval.verifier.statements import statement
from tests.retrieval.test_named_readers import made
from tests.retrieval.verifier_fake import WordVerifier

QUESTION = "Why did Norway recall its envoys from Chile?"
TITLE, SENTENCE = "Norway leaves Chile", "Norway recalled its envoys from Chile in May."
LABELS = {0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"}

# Statements


@pytest.mark.parametrize(
    ("question", "supposed"),
    [
        ("Why did India leave the Quad?", "India leave the Quad."),
        ("Who left the Quad?", "Someone left the Quad."),
        ("WHO?", "Someone."),
        ("Is India boycotting the court?", "India boycotting the court."),
        ("How many ships were held by Peru ?", "held by Peru."),
        ("the fall of Kabul", "the fall of Kabul."),
        ("What was?", "What was."),
        ("Of all that was said, is the rest", "said, is the rest."),
        ("?!", ""),
        ("", ""),
    ],
)
def test_a_question_becomes_what_it_supposes(question: str, supposed: str) -> None:
    assert statement(question) == supposed


@given(st.text(max_size=80))
def test_a_statement_is_the_questions_own_words(question: str) -> None:
    made_of = statement(question)
    assert made_of == "" or made_of.endswith(".")
    assert made_of.removeprefix("Someone").removesuffix(".") in " ".join(question.split())


# What every verifier does


@pytest.fixture(scope="module")
def entailment(tmp_path_factory: pytest.TempPathFactory) -> str:
    return made(tmp_path_factory.mktemp("entailment"), "BertForSequenceClassification", id2label=LABELS)


@pytest.fixture(params=["words", pytest.param("entailment", marks=pytest.mark.model)])
def verifier(request: pytest.FixtureRequest) -> Iterator[Verifier]:
    if request.param == "words":
        yield WordVerifier()
    else:
        yield EntailmentVerifier(request.getfixturevalue("entailment"), Precision.FLOAT32)


def test_sentence_title_and_question_all_count(verifier: Verifier) -> None:
    whole = verifier.supports(QUESTION, TITLE, SENTENCE)
    assert verifier.supports("Why did Peru sell nine trams?", TITLE, SENTENCE) != whole
    assert verifier.supports(QUESTION, TITLE, "Oil fell on Tuesday.") != whole
    assert verifier.supports(QUESTION, TITLE, "They left.") != verifier.supports(QUESTION, "Oil", "They left.")


@pytest.mark.parametrize("text", ["", " ", "?!", "\ud800", "é" * 3000, "no " * 3000, "नमस्ते 你好 🙂", "你好" * 400])
def test_any_text_is_judged(verifier: Verifier, text: str) -> None:
    for question, title, sentence in ((text, TITLE, SENTENCE), (QUESTION, text, SENTENCE), (QUESTION, TITLE, text)):
        assert abs(verifier.supports(question, title, sentence)) < 20


def test_it_says_the_same_each_time_and_from_each_thread(verifier: Verifier) -> None:
    titles = [TITLE, "", "Oil"]
    before = [verifier.supports(QUESTION, title, SENTENCE) for title in titles]
    with ThreadPoolExecutor(4) as pool:
        after = list(pool.map(lambda title: verifier.supports(QUESTION, title, SENTENCE), titles * 4))
    assert after == pytest.approx(before * 4, abs=1e-5)


# Models of natural language inference


@pytest.mark.model
def test_the_log_odds_are_those_of_entailment_against_all_else(entailment: str) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    given = AutoTokenizer.from_pretrained(entailment)(f"{TITLE}. {SENTENCE}", statement(QUESTION), return_tensors="pt")
    with torch.no_grad():
        likely = AutoModelForSequenceClassification.from_pretrained(entailment)(**given).logits[0].softmax(0)
    found = EntailmentVerifier(entailment, Precision.FLOAT32).supports(QUESTION, TITLE, SENTENCE)
    assert found == pytest.approx(float((likely[2] / (1 - likely[2])).log()), abs=1e-4)


@pytest.mark.model
@pytest.mark.parametrize(
    "labels",
    [{0: "LABEL_0", 1: "LABEL_1"}, {0: "entailment"}, {0: "entailment", 1: "entailed too"}, {0: "yes", 1: "no"}],
)
def test_a_model_that_does_not_tell_entailment_is_refused(tmp_path: Path, labels: dict[int, str]) -> None:
    folder = made(tmp_path, "BertForSequenceClassification", id2label=labels)
    with pytest.raises(EncoderError, match=f"'{labels[0]}'.*natural language inference in BACKCHANNEL_VERIFIER"):
        EntailmentVerifier(folder, Precision.FLOAT32)


@pytest.mark.parametrize("name", ["/nonexistent/model", "./nothing", "~/nothing"])
def test_a_folder_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(EncoderError, match=rf"no folder '{name}'.*BACKCHANNEL_VERIFIER"):
        EntailmentVerifier(name, Precision.FLOAT32)


@pytest.mark.model
def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(EncoderError, match=r"the verifier .*cannot be loaded.*BACKCHANNEL_VERIFIER") as raised:
        EntailmentVerifier(str(tmp_path), Precision.FLOAT32)
    assert "\n" not in str(raised.value)


@pytest.mark.model
def test_the_setting_names_a_folder_and_is_optional(entailment: str, tmp_path: Path) -> None:
    def app(**settings: str) -> Application:
        return Application(Settings(data_dir=tmp_path, _env_file=None, **settings), encoder=FakeEncoder())

    assert app().verifier is None
    assert isinstance(app(verifier=entailment).verifier, EntailmentVerifier)


# In an answer

TEXT = f"{SENTENCE} Rent was unpaid for nine years, a court had found."
ARTICLES = [Article("chile", TEXT, TITLE), Article("oil", "Oil fell on Tuesday. Ships waited.", "Oil")]
VERIFICATION = Verification(weight=2.0, ceiling=0.5, center=0.1)


def asked(verifier: Verifier | None, reader: Reader | None, question: str = QUESTION) -> Answer:
    even = Calibration(0.0, {}, 0.4)
    parameters = replace(PARAMETERS, calibration=even, plain=even, verification=VERIFICATION)
    room = newsroom(ARTICLES, parameters=parameters)
    engine = Engine(room.index, room.shelf, room.encoder, reader, parameters, verifier=verifier)
    return engine.answer(Query(question))


def test_the_marked_sentence_is_what_is_judged_and_confidence_follows() -> None:
    verifier = WordVerifier()
    answer = asked(verifier, WordReader())
    assert verifier.asked == [(QUESTION, TITLE, answer.citations[0].highlights[0].text)]
    assert answer.confidence == pytest.approx(probability(VERIFICATION.shift(verifier.supports(*verifier.asked[0]))))
    assert not answer.abstained


def test_what_the_sentence_does_not_bear_out_is_not_answered() -> None:
    question = "When did Peru sell Chile nine trams and some very old buses?"
    assert asked(WordVerifier(), WordReader(), question).abstained
    assert not asked(None, WordReader(), question).abstained


@pytest.mark.parametrize(("verifier", "reader"), [(None, WordReader()), (WordVerifier(), None)])
def test_where_nothing_verifies_or_reads_confidence_is_as_it_was(
    verifier: Verifier | None, reader: Reader | None
) -> None:
    assert asked(verifier, reader).confidence == 0.5


def test_where_nothing_is_found_nothing_is_verified() -> None:
    verifier = WordVerifier()
    room = newsroom(ARTICLES)
    engine = Engine(room.index, room.shelf, room.encoder, WordReader(), PARAMETERS, verifier=verifier)
    assert engine.answer(Query(QUESTION, Filters(since=dt.date(2024, 1, 1)))).confidence == 0.0
    assert verifier.asked == []


Odds = st.floats(-50, 50)


@given(Odds, Odds)
def test_better_support_never_lowers_confidence_and_counts_up_to_a_ceiling(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert VERIFICATION.shift(less) <= VERIFICATION.shift(more) <= VERIFICATION.shift(VERIFICATION.ceiling)
    assert VERIFICATION.shift(VERIFICATION.center) == 0.0


def test_what_ships_was_fitted() -> None:
    shipped = Parameters.load().verification
    assert shipped.weight > 0
    assert shipped.center <= shipped.ceiling
