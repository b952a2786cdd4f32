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
from bot.askers import Question as Asked
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
from retrieval.verifier.statements import supposed
from tests.retrieval.test_named_readers import made
from tests.retrieval.verifier_fake import WordVerifier

QUESTION = "Why did Norway recall its envoys from Chile?"
STATEMENT = "Norway recall its envoys from Chile."
TITLE, SENTENCE = "Norway leaves Chile", "Norway recalled its envoys from Chile in May."
LABELS = {0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"}

# Statements


@pytest.mark.parametrize(
    ("question", "statement"),
    [
        ("Why did India leave the Quad?", "India leave the Quad."),
        ("Who left the Quad?", "Someone left the Quad."),
        ("When may Sweden join NATO?", "Sweden join NATO."),
        ("How many ships were held by Peru ?", "held by Peru."),
        ("Which country left?", "Which country left."),
        ("What was?", "What was."),
        ("After the war, why was the border closed?", "the border closed."),
    ],
)
def test_a_question_becomes_what_it_supposes(question: str, statement: str) -> None:
    assert supposed(question) == statement


@pytest.mark.parametrize(
    "text",
    [
        "Is India boycotting the court?",
        "did Sweden join?",
        "the fall of Kabul",
        "Sahel juntas ECOWAS",
        "WHO?",
        "?!",
        "",
    ],
)
def test_what_asks_whether_something_is_so_or_asks_nothing_supposes_nothing(text: str) -> None:
    assert supposed(text) is None


@given(st.text(max_size=80), st.sampled_from(["", "Why did ", "Who ", "When "]))
def test_a_statement_is_the_questions_own_words(text: str, before: str) -> None:
    question = f"{before}{text}?"
    statement = supposed(question)
    if statement is not None:
        assert statement.endswith(".")
        assert statement.removeprefix("Someone").removesuffix(".") in " ".join(question.split())


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


def test_sentence_title_and_statement_all_count(verifier: Verifier) -> None:
    whole = verifier.supports(STATEMENT, TITLE, SENTENCE)
    assert verifier.supports("Peru sold nine trams.", TITLE, SENTENCE) != whole
    assert verifier.supports(STATEMENT, TITLE, "Oil fell on Tuesday.") != whole
    assert verifier.supports(STATEMENT, TITLE, "They left.") != verifier.supports(STATEMENT, "Oil", "They left.")


@pytest.mark.parametrize("text", ["", " ", "?!", "\ud800", "é" * 3000, "no " * 3000, "नमस्ते 你好 🙂", "你好" * 400])
def test_any_text_is_judged(verifier: Verifier, text: str) -> None:
    for statement, title, sentence in ((text, TITLE, SENTENCE), (STATEMENT, text, SENTENCE), (STATEMENT, TITLE, text)):
        assert abs(verifier.supports(statement, title, sentence)) < 20


def test_it_says_the_same_each_time_and_from_each_thread(verifier: Verifier) -> None:
    titles = [TITLE, "", "Oil"]
    before = [verifier.supports(STATEMENT, title, SENTENCE) for title in titles]
    with ThreadPoolExecutor(4) as pool:
        after = list(pool.map(lambda title: verifier.supports(STATEMENT, title, SENTENCE), titles * 4))
    assert after == pytest.approx(before * 4, abs=1e-5)


# Models of natural language inference


@pytest.mark.model
def test_the_log_odds_are_those_of_entailment_against_all_else(entailment: str) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    given = AutoTokenizer.from_pretrained(entailment)(f"{TITLE}. {SENTENCE}", STATEMENT, return_tensors="pt")
    with torch.no_grad():
        likely = AutoModelForSequenceClassification.from_pretrained(entailment)(**given).logits[0].softmax(0)
    found = EntailmentVerifier(entailment, Precision.FLOAT32).supports(STATEMENT, TITLE, SENTENCE)
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


@pytest.mark.model
def test_a_model_of_another_kind_is_refused_before_it_is_loaded(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = made(tmp_path, "BertForMaskedLM", id2label=LABELS)
    with pytest.raises(EncoderError, match=r"BertForMaskedLM.*BACKCHANNEL_VERIFIER"):
        EntailmentVerifier(folder, Precision.FLOAT32)
    assert capfd.readouterr() == ("", "")


@pytest.mark.model
def test_of_many_classes_a_few_are_named(tmp_path: Path) -> None:
    folder = made(tmp_path, "BertForSequenceClassification", id2label={at: f"kind {at}" for at in range(40)})
    with pytest.raises(EncoderError, match=r"classes 'kind 0', 'kind 1', 'kind 2', 'kind 3', …\)"):
        EntailmentVerifier(folder, Precision.FLOAT32)


@pytest.mark.model
def test_a_model_that_gives_no_number_is_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    folder = made(tmp_path, "BertForSequenceClassification", id2label=LABELS)
    file = tmp_path / "model.safetensors"
    weights = load_file(file)
    weights["classifier.bias"] = torch.full((3,), torch.nan)
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(EncoderError, match=r"gives nan for an example.*BACKCHANNEL_VERIFIER"):
        EntailmentVerifier(folder, Precision.FLOAT32)


@pytest.mark.parametrize("name", ["/nonexistent/model", "./nothing", "~/nothing"])
def test_a_folder_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(EncoderError, match=rf"no folder '{name}'.*BACKCHANNEL_VERIFIER"):
        EntailmentVerifier(name, Precision.FLOAT32)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(EncoderError, match=r"'n{40}'… names no model.*BACKCHANNEL_VERIFIER"):
        EntailmentVerifier("n" * 5000, Precision.FLOAT32)


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
    assert app(verifier=entailment, reader="words").verifier is None


@pytest.mark.model
def test_what_the_setting_names_has_a_say_in_answers(entailment: str, tmp_path: Path) -> None:
    def confidence(verifier: str | None) -> float:
        settings = Settings(data_dir=tmp_path, verifier=verifier, reader="maxsim", _env_file=None)
        service = Application(settings, encoder=FakeEncoder()).service
        reply = service.ask(Asked(QUESTION, dt.datetime(2024, 7, 10, tzinfo=dt.UTC)), keep=False)
        return reply.answer.confidence

    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "chile.txt").write_text(TEXT, encoding="utf-8")
    Application(Settings(data_dir=tmp_path, _env_file=None), encoder=FakeEncoder()).service.reindex([str(articles)])
    without, again, with_it = confidence(None), confidence(None), confidence(entailment)
    assert without == again != with_it


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
    assert verifier.asked == [(STATEMENT, TITLE, answer.citations[0].highlights[0].text)]
    assert answer.confidence == pytest.approx(probability(VERIFICATION.shift(verifier.supports(*verifier.asked[0]))))
    assert not answer.abstained


def test_what_the_sentence_does_not_bear_out_is_not_answered() -> None:
    question = "When did Peru sell Chile nine trams and some very old buses?"
    assert asked(WordVerifier(), WordReader(), question).abstained
    assert not asked(None, WordReader(), question).abstained


@pytest.mark.parametrize(
    ("verifier", "reader", "question"),
    [
        (None, WordReader(), QUESTION),
        (WordVerifier(), None, QUESTION),
        (WordVerifier(), WordReader(), "Did Norway recall its envoys?"),
        (WordVerifier(), WordReader(), "Norway envoys Chile"),
    ],
)
def test_where_nothing_verifies_reads_or_is_supposed_confidence_is_as_it_was(
    verifier: Verifier | None, reader: Reader | None, question: str
) -> None:
    assert asked(verifier, reader, question).confidence == 0.5


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
