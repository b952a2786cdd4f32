"""Questions asked the other way, and what it tells that their passages answer those better."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from retrieval.opposites import asked_the_other_way, opposed, opposites_in
from retrieval.reader import Reading, WordReader
from retrieval.signals import OPPOSED
from retrieval.types import Article, Filters, Passage
from tests.retrieval.joint_fake import alike
from tests.retrieval.newsroom import PARAMETERS, newsroom

TEXT = "Norland joined the league on Friday. Its envoys signed the charter in Oslo."
PASSAGE = Passage(1, Article("a", TEXT, "A new member"), 0, len(TEXT))


def read(question: str) -> dict[int, Reading]:
    return {PASSAGE.id: WordReader().read(question, [PASSAGE], alike)[0]}


def fetch(ids: Sequence[int]) -> list[Passage]:
    assert list(ids) == [PASSAGE.id]
    return [PASSAGE]


@given(
    st.text()
    | st.lists(st.sampled_from("When did Norland join leave the first left Left NORTH ?".split())).map(" ".join)
)
def test_opposites_lie_where_their_words_stand(text: str) -> None:
    for start, end, others in opposites_in(text):
        word = text[start:end].lower()
        assert others
        assert all(word in {back for _, _, found in opposites_in(other) for back in found} for other in others)


def test_the_first_act_gives_way_and_names_do_not() -> None:
    assert asked_the_other_way("Who left first, and why?") == "Who joined first, and why?"
    assert asked_the_other_way("Why did Left Unity join Open VLD?") == "Why did Left Unity leave Open VLD?"
    assert asked_the_other_way("Who was first in New Delhi?") is None
    assert asked_the_other_way("Who leftist, and why?") is None


def test_what_answers_the_opposite_is_told_from_what_answers() -> None:
    left, joined = "When had Norland left the league?", "When had Norland joined the league?"
    assert opposed(left, read(left), fetch, WordReader(), alike) > 0
    assert opposed(joined, read(joined), fetch, WordReader(), alike) == 0


def test_it_stays_within_bounds_and_is_nothing_where_nothing_is_opposite() -> None:
    question = "When had Norland left the league?"
    far = {number: replace(reading, score=-100.0) for number, reading in read(question).items()}
    assert opposed(question, far, fetch, WordReader(), alike) == 1
    assert opposed("Who signed the charter?", read("Who signed the charter?"), fetch, WordReader(), alike) == 0
    assert opposed(question, {}, fetch, WordReader(), alike) == 0


def test_only_the_likeliest_are_read_again() -> None:
    question = "When had Norland left the league?"
    (reading,) = read(question).values()
    fetched: list[int] = []

    def noted(ids: Sequence[int]) -> list[Passage]:
        fetched.extend(ids)
        return [PASSAGE] * len(ids)

    many = {number: replace(reading, score=float(-number)) for number in range(20, 0, -1)}
    opposed(question, many, noted, WordReader(), alike)
    assert fetched == [1, 2, 3, 4, 5, 6, 7, 8]


def test_an_engine_that_weighs_it_is_less_sure_of_the_opposite() -> None:
    weighing = replace(PARAMETERS.calibration, weights={**PARAMETERS.calibration.weights, OPPOSED: -5.0})
    plain, wary = (
        newsroom([PASSAGE.article], parameters=replace(PARAMETERS, calibration=calibration), reader=WordReader()).engine
        for calibration in (PARAMETERS.calibration, weighing)
    )
    sure = {}
    for question in ("Which state left the league?", "Which state joined the league?"):
        before, after = (e.signals(question, Filters(), e.search(question, Filters())) for e in (plain, wary))
        assert OPPOSED not in before
        sure[question] = wary.calibration.confidence(after) - plain.calibration.confidence(before)
    assert sure["Which state left the league?"] < 0 == sure["Which state joined the league?"]
