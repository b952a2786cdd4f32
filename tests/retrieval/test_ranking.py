from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.fusion import Candidates
from retrieval.parameters import RankingParameters, probability
from retrieval.ranking import MOST_READ, best_of_each_article, fuse, rank, to_read, to_read_on
from retrieval.reader import Reading
from retrieval.types import Explanation, Hit, Span

PLAIN = RankingParameters(
    depth=9,
    dense_weight=0.25,
    support_weight=0.0,
    recency_weight=0.0,
    read=3,
    read_characters=0,
    read_all=0,
    read_on=0,
    hoped=0.0,
    reader_weight=0.4,
    reader_in_odds=False,
)
# By id: article, cosine and its rank, BM25 and its rank.
FOUND = {
    2: ("a", 1.0, 1, 0.0, 0),
    5: ("b", 0.5, 2, 4.0, 1),
    7: ("c", 0.2, 0, 2.0, 2),
    8: ("d", 0.75, 0, 0.0, 0),
}


def candidates(found: dict[int, tuple[str, float, int, float, int]]) -> Candidates:
    articles, dense, dense_rank, lexical, lexical_rank = zip(*found.values(), strict=True)
    return Candidates(
        ids=np.array(list(found), dtype=np.int64),
        article_ids=tuple(articles),
        dense=np.array(dense),
        lexical=np.array(lexical),
        newness=np.zeros(len(found)),
        dense_rank=np.array(dense_rank, dtype=np.int64),
        lexical_rank=np.array(lexical_rank, dtype=np.int64),
    )


def read(*scores: float) -> list[Reading]:
    return [Reading(score, ((Span(0, 1), score),)) for score in scores]


NOTHING = Candidates(
    np.empty(0, dtype=np.int64),
    (),
    np.empty(0),
    np.empty(0),
    np.empty(0),
    np.empty(0, dtype=np.int64),
    np.empty(0, dtype=np.int64),
)


def test_fused_scores_worked_by_hand() -> None:
    # Cosines are scaled from the worst listed (0.5) to the best (1), what lies below is 0; BM25 by the best (4).
    dense = np.array([1.0, 0.0, 0.0, 0.5])
    lexical = np.array([0.0, 1.0, 0.5, 0.0])
    assert fuse(candidates(FOUND), PLAIN) == pytest.approx(0.25 * dense + 0.75 * lexical)


@pytest.mark.parametrize(("weight", "order"), [(1.0, [2, 8, 5, 7]), (0.0, [5, 7, 2, 8])])
def test_either_search_alone_can_decide(weight: float, order: list[int]) -> None:
    parameters = replace(PLAIN, dense_weight=weight)
    found = candidates(FOUND)
    assert [hit.passage_id for hit in rank(found, fuse(found, parameters), {}, parameters).hits] == order


def test_other_passages_of_an_article_support_it() -> None:
    # With the lexical score alone the passages score 1, 0.5 and 0.25 (article a) and 0.75 (article b).
    found = {1: ("a", 0.5, 1, 4.0, 1), 2: ("a", 0.5, 2, 2.0, 3), 3: ("a", 0.5, 3, 1.0, 4), 4: ("b", 0.5, 4, 3.0, 2)}
    parameters = replace(PLAIN, dense_weight=0.0, support_weight=0.2)
    support = 0.2 * (0.5 + 0.25) / 3
    assert fuse(candidates(found), parameters) == pytest.approx([1 + support, 0.5 + support, 0.25 + support, 0.75])


def test_what_is_new_comes_first_among_equals() -> None:
    found = replace(candidates({n: (f"article-{n}", 0.5, n, 1.0, n) for n in (1, 2)}), newness=np.array([0.25, 1.0]))
    assert fuse(found, replace(PLAIN, recency_weight=0.2)) == pytest.approx([0.75 + 0.05, 0.75 + 0.2])


def test_one_candidate_alone_can_be_fused() -> None:
    assert fuse(candidates({1: ("a", 0.3, 1, 2.0, 1)}), PLAIN) == pytest.approx([0.75])
    assert fuse(candidates({1: ("a", 0.3, 0, 2.0, 1)}), PLAIN) == pytest.approx([0.25 * 0.3 + 0.75])
    assert fuse(candidates({1: ("a", 0.3, 1, 0.0, 0)}), PLAIN) == pytest.approx([0.0])


def test_nothing_is_ranked_where_nothing_was_found() -> None:
    scores = fuse(NOTHING, PLAIN)
    assert scores.shape == (0,)
    assert rank(NOTHING, scores, {}, PLAIN).hits == ()


def test_final_scores_worked_by_hand() -> None:
    fused = np.array([0.25, 0.75, 0.375, 0.125])
    readings = dict(zip((5, 7, 2), read(0.2, 0.6, 0.4), strict=True))
    ranked = rank(candidates(FOUND), fused, readings, PLAIN)
    # The reader's scores are scaled over what it read: 0, 1 and 0.5.
    expected = {7: 0.6 * 0.375 + 0.4, 2: 0.6 * 0.25 + 0.4 * 0.5, 5: 0.6 * 0.75, 8: 0.6 * 0.125}
    assert [hit.passage_id for hit in ranked.hits] == [7, 5, 2, 8]
    assert {hit.passage_id: hit.score for hit in ranked.hits} == pytest.approx(expected)
    assert ranked.readings == readings


def test_hits_explain_how_they_came_to_their_place() -> None:
    fused = np.array([0.25, 0.75, 0.375, 0.125])
    ranked = rank(candidates(FOUND), fused, dict(zip((5, 7), read(0.2, 0.6), strict=True)), PLAIN)
    by_id = {hit.passage_id: (hit.article_id, hit.explanation) for hit in ranked.hits}
    assert by_id == {
        2: ("a", Explanation(1.0, 1, 0.0, None, 0.25, 3, None, None)),
        5: ("b", Explanation(0.5, 2, 4.0, 1, 0.75, 1, 0.2, 2)),
        7: ("c", Explanation(0.2, None, 2.0, 2, 0.375, 2, 0.6, 1)),
        8: ("d", Explanation(0.75, None, 0.0, None, 0.125, 4, None, None)),
    }


def test_rounding_decides_nothing() -> None:
    found = candidates({n: (f"article-{n}", 0.5 + n * 1e-8, 4 - n, 1.0, n) for n in (1, 2, 3)})
    fused = fuse(found, PLAIN)
    assert fused == pytest.approx([0.75] * 3, abs=1e-4)
    hits = rank(found, fused, dict(zip((1, 2, 3), read(0.4, 0.4, 0.4 + 1e-8), strict=True)), PLAIN).hits
    assert [hit.score for hit in hits] == pytest.approx([0.6 * 0.75] * 3, abs=1e-4)


def test_where_all_was_read_search_does_not_count_but_for_newness() -> None:
    found = replace(candidates(FOUND), newness=np.array([0.0, 0.0, 0.0, 0.5]))
    fused = np.array([0.9, 0.75, 0.375, 0.125])
    readings = dict(zip(FOUND, read(-2.0, 0.5, 1.5, 1.4), strict=True))
    likely = {i: probability(reading.score) for i, reading in readings.items()}
    in_odds = replace(PLAIN, reader_in_odds=True, recency_weight=0.2)
    hits = rank(found, fused, readings, in_odds).hits
    assert {hit.passage_id: hit.score for hit in hits} == pytest.approx(likely | {8: likely[8] + 0.6 * 0.2 * 0.5})
    assert [hit.passage_id for hit in hits] == [8, 7, 5, 2]
    # One that was not read, or scores on another scale, and it does.
    some = {i: reading for i, reading in readings.items() if i != 5}
    for parameters, known in ((in_odds, some), (replace(in_odds, reader_in_odds=False), readings)):
        scores = {hit.passage_id: hit.score for hit in rank(found, fused, known, parameters).hits}
        assert scores[2] >= 0.6 * 0.9


def test_of_few_passages_all_are_read_up_to_a_length() -> None:
    whole = replace(PLAIN, read_characters=1000, read_all=2000)
    assert to_read([400] * 5, 5, whole) == 5
    assert to_read([401] * 5, 5, whole) == 3
    assert to_read([400] * 5, 6, whole) == 3
    assert to_read([60] * MOST_READ, MOST_READ, whole) == MOST_READ
    assert to_read([60] * MOST_READ, MOST_READ + 1, whole) == 16
    assert to_read([10] * 99, 99, whole) == MOST_READ
    assert to_read([400] * 5, 5, replace(whole, read=0)) == 0


def test_among_an_articles_passages_the_best_sentence_comes_first() -> None:
    found = {1: ("a", 0.5, 1, 4.0, 1), 2: ("a", 0.5, 2, 2.0, 2), 3: ("b", 0.5, 3, 1.0, 3)}
    whole = {1: 0.9, 2: 0.5, 3: 0.1}
    sentence = {1: 0.2, 2: 0.8, 3: 0.99}
    readings = {i: Reading(whole[i], ((Span(0, 1), sentence[i]),)) for i in whole}
    parameters = replace(PLAIN, dense_weight=0.0)
    hits = rank(candidates(found), fuse(candidates(found), parameters), readings, parameters).hits
    # Article a stays before b by its whole score, and is shown by its second passage.
    assert [hit.passage_id for hit in hits] == [2, 1, 3]
    assert hits[0].score == pytest.approx(0.6 * 1.0 + 0.4 * 1.0)


def test_without_a_reader_fused_scores_stand() -> None:
    fused = np.array([0.25, 0.75, 0.375, 0.125])
    assert [hit.score for hit in rank(candidates(FOUND), fused, {}, PLAIN).hits] == [0.75, 0.375, 0.25, 0.125]


@pytest.mark.parametrize(
    ("lengths", "count"),
    [([900] * 9, 3), ([150] * 9, 6), ([150] * 4, 4), ([10, 10, 10, 10, 2000, 10], 4), ([1] * 99, MOST_READ), ([], 0)],
)
def test_of_short_texts_more_are_read(lengths: list[int], count: int) -> None:
    assert to_read(lengths, 99, replace(PLAIN, read_characters=1000)) == count
    assert to_read(lengths, 99, replace(PLAIN, read=0, read_characters=1000)) == 0


@pytest.mark.parametrize(
    ("odds", "hoped", "most", "count"),
    [
        (0.0, 0.8, 9, 4),  # .5 · 1 + .5 · .5 = .75 is reached by .5 · .8 + .5 · .8, not by .5 · .6 + .5 · .8
        (0.0, 1.0, 9, 5),
        (0.0, 1.0, 3, 3),
        (0.0, 0.0, 9, 2),
        (40.0, 0.8, 9, 2),
        (-40.0, 0.8, 9, 6),
    ],
)
def test_only_what_could_come_first_is_read_besides(odds: float, hoped: float, most: int, count: int) -> None:
    fused = [1.0, 0.9, 0.8, 0.75, 0.6, 0.3]
    readings = [Reading(odds, ()), Reading(-40.0, ())]
    parameters = replace(PLAIN, reader_weight=0.5, reader_in_odds=True, hoped=hoped, read_on=most)
    assert to_read_on("Who met?", fused, readings, parameters) == count
    assert to_read_on("Who met?", fused, readings, replace(parameters, reader_in_odds=False)) == 2
    assert to_read_on("their meeting", fused, readings, parameters) == 2


def test_equal_scores_come_by_ascending_id() -> None:
    found = candidates({n: (f"article-{n}", 0.5, n, 1.0, n) for n in (3, 1, 2)})
    hits = rank(found, np.array([0.5, 0.5, 0.5]), dict(zip((1, 2, 3), read(0.4, 0.4, 0.4), strict=True)), PLAIN).hits
    assert [hit.passage_id for hit in hits] == [1, 2, 3]
    assert [hit.explanation.fused_rank for hit in hits] == [1, 2, 3]
    assert [hit.explanation.reader_rank for hit in hits] == [1, 2, 3]


SCORES = st.integers(0, 100).map(lambda percent: percent / 100)


@given(
    st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=12), st.integers(0, 12), st.sampled_from([0.0, 0.3, 0.99])
)
def test_what_was_not_read_never_overtakes(scores: list[tuple[float, float]], count: int, weight: float) -> None:
    found = candidates({n: (f"article-{n}", 0.5, n, 1.0, n) for n in range(1, len(scores) + 1)})
    fused = np.array([score for score, _ in scores])
    by_fused = sorted(found.ids.tolist(), key=lambda n: (-fused[n - 1], n))
    readings = {n: read(scores[n - 1][1])[0] for n in by_fused[:count]}
    hits = rank(found, fused, readings, replace(PLAIN, reader_weight=weight)).hits
    places = {hit.passage_id: place for place, hit in enumerate(hits)}
    unread = [n for n in by_fused if n not in readings]
    assert [hit.passage_id for hit in hits if hit.passage_id not in readings] == unread
    for n in unread:
        ahead = [m for m in readings if fused[m - 1] > fused[n - 1]]
        assert all(places[m] < places[n] for m in ahead)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def hits(*articles: str) -> list[Hit]:
    explanation = Explanation(0.0, None, 0.0, None, 0.0, 1, None, None)
    return [Hit(n, article, 1.0 / n, explanation) for n, article in enumerate(articles, start=1)]


@pytest.mark.parametrize(
    ("articles", "k", "ids"),
    [
        ("aabac", 1, [1]),
        ("aabac", 2, [1, 3]),
        ("aabac", 3, [1, 3, 5]),
        ("aabac", 4, [1, 3, 5, 2]),
        ("aabac", 200, [1, 3, 5, 2, 4]),
        ("aaa", 2, [1, 2]),
        ("", 3, []),
        ("ab", 0, []),
    ],
)
def test_each_article_is_cited_once_before_any_is_cited_again(articles: str, k: int, ids: list[int]) -> None:
    assert [hit.passage_id for hit in best_of_each_article(hits(*articles), k)] == ids


def test_log_odds_count_as_probabilities() -> None:
    found = candidates(FOUND)
    readings = {2: Reading(0.0, ((Span(0, 1), 0.0),)), 5: Reading(-1000.0, ((Span(0, 1), -1000.0),))}
    in_odds = replace(PLAIN, reader_in_odds=True)
    scores = {hit.passage_id: hit.score for hit in rank(found, np.array([0.2, 0.4, 0.1, 0.1]), readings, in_odds).hits}
    assert scores == pytest.approx({2: 0.6 * 0.2 + 0.4 * 0.5, 5: 0.6 * 0.4, 7: 0.6 * 0.1, 8: 0.6 * 0.1})
