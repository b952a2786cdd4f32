"""How question sets are chosen from, and what counts as right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.asking import FITTED_ON, OPPOSITES_FITTED_ON, Asked, ask, chosen, marks_answer, place_of, question_sets
from bot.app import Application
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from retrieval.opposites import asked_the_other_way
from retrieval.types import Answer, Citation, Highlight, Horizon, Query
from tests.fakes import record, write_jsonl
from training.data import LabelledQuestion, engine_with, sample

TRAINING = Path(__file__).parents[2] / "training"


def question(at: int, *, answerable: bool = True, scope: frozenset[str] | None = None) -> LabelledQuestion:
    text = f"What is {at}?" if at % 7 else f"When did {at} leave the union?"
    return LabelledQuestion(f"q{at:03}", text, answerable, frozenset({"a"}), (), (), scope, "")


SET = [question(at, answerable=at % 3 > 0, scope=frozenset({"a"})) for at in range(2700)]


def test_so_many_of_each_kind_are_chosen_and_the_same_ones_each_time() -> None:
    few = chosen("other", SET, 20, held_out=False)
    assert [q.answerable for q in few] == [True] * 20 + [False] * 20
    assert few == chosen("other", list(reversed(SET)), 20, held_out=False)


def test_counterfactual_questions_are_left_out() -> None:
    assert chosen("other", [replace(SET[0], type="counterfactual")], 20, held_out=False) == []


def test_held_out_questions_are_none_that_a_fitting_script_takes() -> None:
    left = {q.id for q in chosen("squad2", SET, 2700, held_out=True)}
    for_ranking = sample([q for q in SET if q.answerable], FITTED_ON["squad2"])
    for_confidence = sample([q for q in SET if q.scope], FITTED_ON["squad2"])
    for_opposites = sample([q for q in SET if asked_the_other_way(q.text)], OPPOSITES_FITTED_ON)
    assert left
    assert len(for_opposites) == OPPOSITES_FITTED_ON
    assert not left & {q.id for q in [*for_ranking, *for_confidence, *for_opposites]}


def test_nothing_was_fitted_on_other_sets() -> None:
    assert chosen("wikiqa", SET, 2700, held_out=True) == chosen("wikiqa", SET, 2700, held_out=False)


@pytest.mark.parametrize("script", ["fit_mixture.py", "fit_ranking.py", "fit_calibration.py"])
def test_the_fitting_scripts_take_as_many_questions_as_are_held_out(script: str) -> None:
    taken = re.findall(r"^_QUESTIONS = (\d+)", (TRAINING / script).read_text(encoding="utf-8"), re.MULTILINE)
    assert taken == [str(number) for number in set(FITTED_ON.values())]


def test_as_many_questions_of_an_opposite_are_held_out_as_are_taken() -> None:
    taken = re.search(r"^_QUESTIONS = (\d+)", (TRAINING / "fit_opposed.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert taken
    assert int(taken.group(1)) == OPPOSITES_FITTED_ON


def test_question_sets_are_found_by_their_folders(tmp_path: Path) -> None:
    for name in ("squad2", "clapnq"):
        write_jsonl(tmp_path / name / "queries.jsonl")
    assert question_sets(tmp_path) == [tmp_path / "clapnq", tmp_path / "squad2"]
    assert question_sets(tmp_path, ["squad2"]) == [tmp_path / "squad2"]
    with pytest.raises(ValueError, match="does not hold the set rgb"):
        question_sets(tmp_path, ["squad2", "rgb"])


def test_a_folder_without_a_set_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not hold a question set"):
        question_sets(tmp_path)


def marking(sentence: str) -> Answer:
    """An answer that marks a sentence."""
    highlight = Highlight(0, len(sentence), sentence, 1.0)
    citation = Citation("a", "", "", "", None, "", 0, len(sentence), sentence, 1.0, (highlight,))
    return Answer(Query("?"), False, 0.9, (citation,), (), Horizon(1, None, None), 1.0)


def test_a_sentence_is_right_that_holds_an_answer_or_lies_inside_a_quoted_one() -> None:
    asked = replace(
        SET[1], answers=("In  1991",), quotes=("The treaty was signed in Minsk, and nobody came to regret it.",)
    )
    assert marks_answer(asked, marking("It began in 1991."))
    assert marks_answer(asked, marking("the treaty was signed in Minsk, and nobody"))
    assert not marks_answer(asked, marking("the treaty"))
    assert not marks_answer(asked, marking("It began in 1992."))


def test_a_place_counts_from_nought_to_the_first_right_article() -> None:
    assert place_of(frozenset({"b", "c"}), ["a", "c", "b"]) == 1
    assert place_of(frozenset({"d"}), ["a", "c", "b"]) is None


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    app = Application(Settings(data_dir=tmp_path / "data", _env_file=None), FakeEncoder())
    corpus = write_jsonl(
        tmp_path / "corpus.jsonl",
        record("grain", "Ukraine ships grain through the Black Sea corridor. Turkey inspects the ships."),
        record("reef", "China builds an airstrip on a reef in the South China Sea."),
        record("coup", "Soldiers took the palace in Niger before dawn and closed the borders."),
    )
    app.service.reindex([str(corpus)])
    yield app
    app.close()


def asked_of(app: Application, question: LabelledQuestion) -> Asked:
    return ask(app, engine_with(app, app.parameters, read=0), question)


def written(
    text: str, gold: str, *, answers: tuple[str, ...] = (), scope: frozenset[str] | None = None
) -> LabelledQuestion:
    return LabelledQuestion("q", text, bool(gold), frozenset({gold} if gold else ()), answers, (), scope, "")


def test_a_question_is_asked_over_the_whole_corpus_and_over_its_own_passages(app: Application) -> None:
    asked = written("Who ships grain through the corridor?", "grain", answers=("Ukraine",), scope=frozenset({"grain"}))
    found = asked_of(app, asked)
    assert (found.marked, found.right, found.candidate) == (True, True, None)
    assert found.places == {"dense": 0, "lexical": 0, "fused": 0, "answer": 0}
    assert found.elapsed_ms
    assert found.elapsed_ms > 0


def test_of_candidates_the_right_one_has_a_rank(app: Application) -> None:
    asked = written("Who builds an airstrip on a reef?", "coup", scope=frozenset({"reef", "coup"}))
    found = asked_of(app, asked)
    assert (found.marked, found.right, found.candidate) == (None, False, 0.5)


def test_an_unanswerable_question_is_not_asked_where_others_may_answer_it(app: Application) -> None:
    asked = written("Who builds an airstrip on a reef?", "", scope=frozenset({"coup"}))
    found = asked_of(app, asked)
    assert (found.right, found.places, found.elapsed_ms) == (False, {}, None)


def test_without_passages_of_its_own_a_question_is_judged_by_its_article(app: Application) -> None:
    found = asked_of(app, written("Who took the palace in Niger?", "coup", answers=("Soldiers",)))
    assert (found.marked, found.right, found.candidate) == (None, True, None)
