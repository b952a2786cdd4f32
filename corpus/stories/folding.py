"""Folds articles into stories: those that are new or have changed, against all others."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.catalogue import Catalogue
from corpus.intake import batched
from corpus.progress import FOLDING, Steps
from corpus.stories.copies import is_copy
from corpus.stories.minhash import VERSION, Bands, bands
from corpus.stories.sharing import sharing
from corpus.stories.shingles import Shingled, shingled
from corpus.story_records import MOST_COMPARED

_BATCH = 50  # articles in one transaction; a question waits no longer than that takes
_AT_ONCE = 20_000  # new articles whose bands are looked up in one pass over those of all others: 8 MB
_KEPT = 1000  # texts kept as shingles, since the articles of a story come close together


def fold_stories(catalogue: Catalogue, progress: Steps) -> None:
    """Bring the stories up to date with the articles.

    What is cut off in the middle is carried on by the next call.

    Raises:
        CatalogueError: the catalogue cannot be used.
        QuotationError: the text of an article is no longer what was stored.
    """
    for batch in batched(catalogue.folded_and_gone(), _BATCH):
        catalogue.unfold(batch)
    fresh = catalogue.unfolded(VERSION)
    for at in range(0, len(fresh), _AT_ONCE):
        part = fresh[at : at + _AT_ONCE]
        near = sharing(_sketched(catalogue, part, at, len(fresh), progress), catalogue.bands(_AT_ONCE), MOST_COMPARED)
        known: dict[int, Shingled] = {}
        for done, batch in enumerate(batched(part, _BATCH)):
            progress(FOLDING, at + (len(part) + done * _BATCH) // 2, len(fresh))
            known = dict(list(known.items())[-_KEPT:])
            catalogue.fold(
                {revision: _copies(catalogue, revision, near[revision], known) for revision in batch}, VERSION
            )
    progress(FOLDING, len(fresh), len(fresh))


def _sketched(catalogue: Catalogue, revisions: Sequence[int], at: int, of: int, progress: Steps) -> dict[int, Bands]:
    found: dict[int, Bands] = {}
    for batch in batched(revisions, _BATCH):
        progress(FOLDING, at + len(found) // 2, of)  # the other half is to compare
        texts = _texts(catalogue, batch)
        made = dict(zip(texts, bands(list(texts.values())), strict=True))
        catalogue.add_bands(made)
        found |= made
    return found


def _copies(catalogue: Catalogue, revision: int, others: Sequence[int], known: dict[int, Shingled]) -> list[int]:
    if not others:
        return []
    known.update(_texts(catalogue, [one for one in (revision, *others) if one not in known]))
    return [other for other in others if is_copy(known[revision], known[other])]


def _texts(catalogue: Catalogue, revisions: Sequence[int]) -> dict[int, Shingled]:
    return {revision: shingled(article.text) for revision, article in catalogue.revisions(revisions)}
