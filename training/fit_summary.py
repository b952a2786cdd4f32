"""Fit how sentences of a summary are chosen, on news that several articles tell.

    python -m training.fit_summary --data EVAL/realtimeqa_2022 --work FOLDER [--check]

No summaries are needed. Two articles of the same days whose titles and openings are close, and that are no copies, tell
one event; what both tell is what matters. So the opening of each is taken for a summary of the other: words of an
article are told apart by whether they are in it, and the choice of sentences is tuned for ROUGE against it. Words are
fitted on four fifths of the events when sentences of the last fifth are chosen. ``--check`` writes nothing: it fits on
three fifths of the events and prints the figures of the others.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import DefaultTokenizer
from sklearn.linear_model import LogisticRegression

from bot.app import Application
from bot.settings import load_settings
from retrieval.dates import PartialDate
from retrieval.encoders.port import Encoder
from retrieval.importance import PAIR_FEATURES, WORD_FEATURES, ArticleTerms, Term, importance, terms, word_logits
from retrieval.near_duplicates import holds
from retrieval.parameters import SHIPPED, Regression, SummaryParameters
from retrieval.summary import Sentence, summarized, telling, told
from retrieval.types import Article
from training.data import read_articles

SEED = 5
_FOLDS = 5
_CLOSE = 0.7  # cosine of two articles' titles and openings
_DAYS = 4
_OPENING = 45  # words that an account has at least, if there are so many
_OTHERS = 4  # accounts of one event
_SENTENCES = 3
_LEAST = 8  # sentences of an article that is worth a summary
# Digests tell of many events.
_DIGEST = re.compile(
    r"things to know|around our 50|live updates|today's news|corrections|photos|this week|podcast|newsletter|"
    r"ten things|recap",
    re.IGNORECASE,
)
_STRENGTH = 1.0  # inverse of the L2 penalty
START = {"pair_weight": 2.0, "length": 50.0, "late": 0.01, "quoted": 0.01, "first_person": 0.02, "asks": 0.02}
GRID: Mapping[str, Sequence[float]] = {
    "pair_weight": (1.0, 2.0, 3.0),
    "length": (40.0, 50.0, 60.0, 80.0),
    "late": (0.0, 0.005, 0.01, 0.02),
    "quoted": (0.0, 0.01, 0.02),
    "first_person": (0.0, 0.01, 0.02, 0.03),
    "asks": (0.0, 0.02, 0.04),
}

# Where the importance of words is known already.
_NOTHING = (Regression(0.0, {}), Regression(0.0, {}))

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Told:
    """An article, with how others tell its event: the sentences of each account."""

    article: Article
    accounts: tuple[tuple[str, ...], ...]
    event: int


def told_by_several(articles: Sequence[Article], encoder: Encoder) -> list[Told]:
    """The articles whose event others tell too."""
    news = [a for a in articles if a.published and a.published.day and not _DIGEST.search(a.title)]
    openings = [opening(article) for article in news]
    vectors = encoder.encode_passages(
        [f"{article.title}. {' '.join(account)}" for article, account in zip(news, openings, strict=True)]
    )
    near = vectors @ vectors.T
    np.fill_diagonal(near, 0.0)
    events = list(range(len(news)))
    found = []
    for at, article in enumerate(news):
        others = [
            other
            for other in np.argsort(-near[at]).tolist()[:12]
            if near[at, other] >= _CLOSE
            and _days_apart(article.published, news[other].published) <= _DAYS
            and openings[other]
            and not any(holds(article.text, sentence) for sentence in openings[other])
        ][:_OTHERS]
        if others and len(told(article)) >= _LEAST:
            found.append((at, others))
            for other in others:
                _join(events, at, other)
    return [Told(news[at], tuple(openings[o] for o in others), _root(events, at)) for at, others in found]


def opening(article: Article) -> tuple[str, ...]:
    """The first sentences of an article, as one would sum it up."""
    chosen: list[str] = []
    for sentence in told(article):
        if sum(len(one.split()) for one in chosen) < _OPENING:
            chosen.append(sentence.text)
    return tuple(chosen)


def _days_apart(one: PartialDate | None, other: PartialDate | None) -> int:
    return abs((one.first - other.first).days) if one and other else _DAYS + 1


def _root(events: list[int], at: int) -> int:
    while events[at] != at:
        at = events[at]
    return at


def _join(events: list[int], one: int, other: int) -> None:
    events[_root(events, one)] = _root(events, other)


def fit_importance(items: Iterable[Told], seed: int) -> tuple[Regression, Regression]:
    """Fit the probabilities of words, and from these those of pairs. Half of the articles go without their title."""
    chance = random.Random(seed)  # noqa: S311 (a sample, no secret)
    described = []
    for item in items:
        title = item.article.title if chance.random() < 0.5 else ""
        article = ArticleTerms([sentence.text for sentence in told(item.article)], title)
        described.append((article, [frozenset(terms(" ".join(account))) for account in item.accounts]))
    words = _regression(
        WORD_FEATURES,
        np.vstack([article.word_features() for article, _ in described]),
        np.concatenate([_shares(article.words, accounts) for article, accounts in described]),
    )
    pairs = _regression(
        PAIR_FEATURES,
        np.vstack([article.pair_features(word_logits(article, words)) for article, _ in described]),
        np.concatenate([_shares(article.pairs, accounts) for article, accounts in described]),
    )
    return words, pairs


def _shares(found: Sequence[Term], accounts: Sequence[frozenset[Term]]) -> Floats:
    """In how many of the accounts each term is."""
    return np.array([sum(term in account for account in accounts) / len(accounts) for term in found])


def _regression(names: Sequence[str], features: Floats, shares: Floats) -> Regression:
    center, scale = features.mean(axis=0), features.std(axis=0) + 1e-9
    scaled = (features - center) / scale
    model = LogisticRegression(C=_STRENGTH, max_iter=500)
    model.fit(
        np.vstack([scaled, scaled]),
        np.repeat([1, 0], len(shares)),
        sample_weight=np.concatenate([shares, 1 - shares]),
    )
    weights = model.coef_[0] / scale
    return Regression(
        round(float(model.intercept_[0] - weights @ center), 4),
        {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)},
    )


def parameters_of(words: Regression, pairs: Regression, values: Mapping[str, float]) -> SummaryParameters:
    """What was fitted, in the form that summaries take."""
    handicaps = {name: value for name, value in values.items() if name not in {"pair_weight", "length"}}
    return SummaryParameters(words, pairs, values["pair_weight"], values["length"], handicaps)


class _Tokens:
    """rouge-score's tokens with stems, of each sentence once."""

    def __init__(self) -> None:
        self._of_line = cache(DefaultTokenizer(use_stemmer=True).tokenize)

    def tokenize(self, text: str) -> list[str]:
        """Of a text that has a sentence on each line."""
        return [token for line in text.split("\n") for token in self._of_line(line)]


class Judge:
    """Scores summaries by ROUGE-1 and ROUGE-2 against the accounts of others, in percent."""

    def __init__(self) -> None:
        self._scorer = RougeScorer(["rouge1", "rouge2"], tokenizer=_Tokens())

    def of(self, summary: Sequence[Sentence], item: Told) -> Floats:
        """Both F-measures, means over the accounts."""
        text = "\n".join(sentence.text for sentence in summary)
        scores = [self._scorer.score("\n".join(account), text) for account in item.accounts]
        return 100 * np.mean([[s["rouge1"].fmeasure, s["rouge2"].fmeasure] for s in scores], axis=0)


def folds(items: Sequence[Told], count: int) -> list[list[Told]]:
    """The items in parts that share no event."""
    events = sorted({item.event for item in items})
    random.Random(SEED).shuffle(events)  # noqa: S311
    part = {event: at % count for at, event in enumerate(events)}
    return [[item for item in items if part[item.event] == at] for at in range(count)]


def fit(items: Sequence[Told]) -> SummaryParameters:
    """Fit both: one value after the other, each where the mean of both figures is highest."""
    judge = Judge()
    asked: list[tuple[Told, list[Sentence], dict[Term, float]]] = []
    parts = folds(items, _FOLDS)
    for part in parts:
        own = parameters_of(*fit_importance([i for p in parts if p is not part for i in p], SEED), START)
        for item in part:
            found = told(item.article)
            asked.append((item, found, importance(ArticleTerms([s.text for s in found], ""), own)))
    values, best = dict(START), -np.inf
    for name, candidates in GRID.items():
        for value in candidates:
            tried = parameters_of(*_NOTHING, {**values, name: value})
            figures = np.mean(
                [judge.of(telling(found, matters, tried, _SENTENCES), item) for item, found, matters in asked], axis=0
            )
            print(name, value, figures.round(2), flush=True)
            if figures.sum() > best:
                best, values = figures.sum(), {**values, name: value}
    return parameters_of(*fit_importance(items, SEED), values)


def check(items: Sequence[Told]) -> None:
    """Print what parameters fitted on three fifths give on the rest, and what its first sentences give."""
    parts = folds(items, _FOLDS)
    rest = [item for part in parts[3:] for item in part]
    parameters = fit([item for part in parts[:3] for item in part])
    judge = Judge()
    first = np.mean([judge.of(told(item.article)[:_SENTENCES], item) for item in rest], axis=0)
    chosen = np.mean([judge.of(summarized(item.article, parameters, _SENTENCES), item) for item in rest], axis=0)
    print(f"{len(rest)} articles, ROUGE-1 and ROUGE-2: first sentences {first.round(2)}, chosen {chosen.round(2)}")


def main() -> None:
    """Fit and write, or check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the set")
    parser.add_argument("--work", type=Path, required=True, help="folder for the exported model")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    encoder = Application(load_settings(data_dir=options.work)).encoder
    items = told_by_several(read_articles(options.data), encoder)
    print(f"{len(items)} articles, {len({item.event for item in items})} events")
    if options.check:
        check(items)
        return
    value: dict[str, Any] = json.loads(SHIPPED.read_text(encoding="utf-8"))
    value["summary"] = asdict(fit(items))
    SHIPPED.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
