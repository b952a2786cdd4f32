"""A set of sentences chosen so that together they tell as much as they can in few words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from retrieval.importance import Term
from retrieval.parameters import SummaryParameters


@dataclass(frozen=True, slots=True)
class Option:
    """A sentence that may be chosen.

    Args:
        terms: what it tells.
        words: its length.
        weight: what its terms count, in [0, 1].
        handicap: what is taken off its value.
        after: the option that must stand right before it; ``None`` where it stands alone.
    """

    terms: frozenset[Term]
    words: int
    weight: float = 1.0
    handicap: float = 0.0
    after: int | None = None


@dataclass(frozen=True, slots=True)
class _Set:
    chosen: tuple[int, ...] = ()
    told: frozenset[Term] = frozenset()
    expected: float = 0.0
    words: int = 0
    handicap: float = 0.0


def covering(
    options: Sequence[Option],
    importance: Mapping[Term, float],
    count: int,
    parameters: SummaryParameters,
    repeats: Callable[[int, int], bool],
    among: Iterable[int],
) -> list[int]:
    """Positions of at most ``count`` options, in the order of their choice.

    What a set is worth is what it is expected to share with another account of ``parameters.length`` words, as ROUGE's
    F-measure counts it (Lin, 2004, "ROUGE: A Package for Automatic Evaluation of Summaries"): twice the importance of
    the terms that it tells, each once, by the words of both. Greedily that option comes next which raises it most; one
    that leans on another brings it along, and the two share what they add.

    Args:
        options: all sentences.
        importance: of each term, in [0, 1].
        count: how many to choose at most.
        parameters: the length, and what a pair counts.
        repeats: whether two options tell the same; of these one is chosen.
        among: positions of those that may be chosen.
    """
    value = {term: (1.0 if len(term) == 1 else parameters.pair_weight) * p for term, p in importance.items()}
    best = _Set()
    open_to = set(among)
    while open_to:
        room = count - len(best.chosen)
        bundles = [_bundle(at, options, best) for at in sorted(open_to)]
        bundles = [bundle for bundle in bundles if len(bundle) <= room and open_to.issuperset(bundle)]
        if not bundles:
            break
        extended = [_with(best, bundle, options, value) for bundle in bundles]
        worth = _worth(best, parameters)
        gains = [(_worth(one, parameters) - worth) / len(bundle) for one, bundle in zip(extended, bundles, strict=True)]
        best = extended[max(range(len(gains)), key=gains.__getitem__)]
        open_to = {at for at in open_to if not any(at == one or repeats(at, one) for one in best.chosen)}
    return list(best.chosen)


def _bundle(at: int, options: Sequence[Option], chosen: _Set) -> list[int]:
    """An option with those that must stand before it and are not chosen yet."""
    bundle = [at]
    while (after := options[bundle[0]].after) is not None and after not in chosen.chosen:
        bundle.insert(0, after)
    return bundle


def _with(one: _Set, bundle: Sequence[int], options: Sequence[Option], value: Mapping[Term, float]) -> _Set:
    for at in bundle:
        option = options[at]
        one = _Set(
            (*one.chosen, at),
            one.told | option.terms,
            one.expected + option.weight * sum(value[term] for term in option.terms - one.told),
            one.words + option.words,
            one.handicap + option.handicap,
        )
    return one


def _worth(one: _Set, parameters: SummaryParameters) -> float:
    return 2 * one.expected / (one.words + parameters.length) - one.handicap
