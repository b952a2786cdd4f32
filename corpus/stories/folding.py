"""Folds articles into stories: those that are new or have changed, against all others."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.catalogue import Catalogue
from corpus.progress import FOLDING, Steps
from corpus.stories.copies import is_copy
from corpus.stories.minhash import VERSION, bands
from corpus.stories.shingles import Shingled, shingled

_BATCH = 50  # articles in one transaction; a question waits no longer than that takes
_KEPT = 1000  # texts kept as shingles, since the articles of a story come close together


def fold_stories(catalogue: Catalogue, progress: Steps) -> None:
    """Bring the stories up to date with the articles.

    What is cut off in the middle is carried on by the next call.

    Raises:
        CatalogueError: the catalogue cannot be used.
        QuotationError: the text of an article is no longer what was stored.
    """
    gone = catalogue.folded_and_gone()
    for at in range(0, len(gone), _BATCH):
        catalogue.unfold(_sketched(_texts(catalogue, gone[at : at + _BATCH])))
    fresh = catalogue.unfolded(VERSION)
    known: dict[int, Shingled] = {}
    for at in range(0, len(fresh), _BATCH):
        progress(FOLDING, at, len(fresh))
        texts = _texts(catalogue, fresh[at : at + _BATCH])
        sketches = _sketched(texts)
        catalogue.add_bands(sketches)
        known = dict(list(known.items())[-_KEPT:]) | texts
        catalogue.fold(
            {revision: _copies(catalogue, revision, sketches[revision], known) for revision in texts}, VERSION
        )
    progress(FOLDING, len(fresh), len(fresh))


def _copies(catalogue: Catalogue, revision: int, sketch: Sequence[int], known: dict[int, Shingled]) -> list[int]:
    others = catalogue.sharing_bands(revision, sketch)
    known.update(_texts(catalogue, [other for other in others if other not in known]))
    return [other for other in others if is_copy(known[revision], known[other])]


def _texts(catalogue: Catalogue, revisions: Sequence[int]) -> dict[int, Shingled]:
    return {revision: shingled(article.text) for revision, article in catalogue.revisions(revisions)}


def _sketched(texts: dict[int, Shingled]) -> dict[int, list[int]]:
    return {revision: keys.tolist() for revision, keys in zip(texts, bands(list(texts.values())), strict=True)}
