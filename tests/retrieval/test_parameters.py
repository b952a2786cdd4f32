import json
import math
from pathlib import Path

import pytest

from retrieval.errors import RetrievalError
from retrieval.importance import PAIR_FEATURES, WORD_FEATURES
from retrieval.parameters import SHIPPED, Calibration, Parameters
from retrieval.signals import ALONE, OPPOSED
from retrieval.types import Article, Filters
from tests.retrieval.newsroom import newsroom


def of_an_answer() -> dict[str, float]:
    """Signals of any answer."""
    news = newsroom([Article("a", "Modi flew to Moscow.")])
    return news.engine.signals("Who flew?", Filters(), news.engine.search("Who flew?", Filters()))


def test_the_shipped_parameters_are_sound() -> None:
    parameters = Parameters.load()
    ranking = parameters.ranking
    assert ranking.depth >= ranking.read >= 1
    assert 0 <= ranking.dense_weight <= 1
    assert 0 <= ranking.reader_weight <= 1
    assert ranking.support_weight >= 0
    for calibration in (parameters.calibration, parameters.untrained, parameters.plain):
        assert 0 < calibration.threshold < 1
        assert calibration.weights
        assert {part for name in calibration.weights for part in name.split("*")} <= {*of_an_answer(), ALONE, OPPOSED}
    for calibration in (parameters.untrained, parameters.plain):
        assert not {ALONE, OPPOSED} & calibration.weights.keys()
    summary = parameters.summary
    assert set(summary.words.weights) == set(WORD_FEATURES)
    assert set(summary.pairs.weights) == set(PAIR_FEATURES)
    assert summary.length > 0


def test_confidence_is_a_logistic_function_of_the_signals() -> None:
    calibration = Calibration(intercept=-1.0, weights={"dense": 2.0, "covered": 0.5}, threshold=0.5)
    signals = {"dense": 0.75, "covered": 1.0, "unused": 99.0}
    assert calibration.confidence(signals) == pytest.approx(1 / (1 + math.exp(-1.0)))
    assert calibration.confidence({"dense": 0.0, "covered": 2.0}) == 0.5
    with pytest.raises(KeyError, match="covered"):
        calibration.confidence({"dense": 1.0})


@pytest.mark.parametrize(("signal", "low", "high"), [(1e9, 0.999, 1.0), (-1e9, 0.0, 0.001)])
def test_confidence_stays_within_its_bounds(signal: float, low: float, high: float) -> None:
    assert low <= Calibration(0.0, {"dense": 1.0}, 0.5).confidence({"dense": signal}) <= high


def test_a_product_of_signals_may_be_weighed() -> None:
    calibration = Calibration(intercept=0.0, weights={"narrow*reader": 2.0}, threshold=0.5)
    assert calibration.confidence({"narrow": 0.0, "reader": 3.0}) == 0.5
    assert calibration.confidence({"narrow": 1.0, "reader": 3.0}) == pytest.approx(1 / (1 + math.exp(-6.0)))


def test_what_reads_decides_which_calibration_applies() -> None:
    shipped = Parameters.load()
    assert shipped.reading("joint") is shipped
    assert shipped.reading("maxsim").calibration == shipped.untrained
    assert shipped.reading("maxsim").ranking == shipped.maxsim
    assert shipped.reading("some/cross-encoder").calibration == shipped.plain
    assert shipped.reading("words").calibration == shipped.calibration
    for kind in ("maxsim", "words", "some/cross-encoder"):
        assert not shipped.reading(kind).ranking.read_on, kind
        assert not shipped.reading(kind).ranking.read_all, kind


def broken() -> list[str]:
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    ranking = shipped["ranking"]
    values: list[object] = [
        None,
        [],
        {},
        {key: value for key, value in shipped.items() if key != "plain"},
        shipped | {"ranking": None},
        shipped | {"ranking": {key: value for key, value in ranking.items() if key != "depth"}},
        shipped | {"ranking": ranking | {"colour": "red"}},
        shipped | {"calibration": 3},
        shipped | {"summary": {key: value for key, value in shipped["summary"].items() if key != "pairs"}},
    ]
    return ["", "{", "\x00", *map(json.dumps, values)]


@pytest.mark.parametrize("content", broken())
def test_a_broken_file_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "parameters.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(RetrievalError, match="reinstall") as raised:
        Parameters.load(file)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RetrievalError, match=r"absent\.json"):
        Parameters.load(tmp_path / "absent.json")
