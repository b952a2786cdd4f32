import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.catalogue import Catalogue, KnownFeed
from corpus.database import Place
from corpus.progress import Steps
from corpus.stories.copies import Thresholds, is_copy, likeness
from corpus.stories.folding import fold_stories
from corpus.stories.minhash import bands
from corpus.stories.shingles import shingled
from retrieval.dates import PartialDate
from retrieval.types import Article

FEED = KnownFeed("wire", "/news/wire")
JULY = [PartialDate(2024, 7, day) for day in range(1, 31)]


def words(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices("abcdefghijklmnop", k=6)) for _ in range(count)]


def prose(seed: int, paragraphs: int = 6) -> list[str]:
    """Paragraphs of forty words, no two of which are ever met together elsewhere."""
    chance = random.Random(seed)
    return [
        " ".join(w.capitalize() if chance.random() < 0.1 else w for w in words(40, 1000 * seed + at)) + "."
        for at in range(paragraphs)
    ]


def text(parts: Iterable[str]) -> str:
    return "\n\n".join(parts)


WIRE = prose(1)
COPIES = {
    "cut": WIRE[:2],
    "reordered": [WIRE[0], *reversed(WIRE[1:])],
    "headline": ["Something else entirely stands here", *WIRE],
    "byline": ["By Anna Berg", f"OSLO (AP) — {WIRE[0]}", *WIRE[1:]],
    "added": [*WIRE[:3], *prose(7, 1), *WIRE[3:]],
    "tagged": [*WIRE, "(Reporting by Anna Berg; Editing by Tom Hale)"],
    "cut and added": [*WIRE[:3], *prose(8, 1)],
}
OTHERS = {
    "follow-up": [*prose(2, 4), *WIRE[4:]],
    "digest": [*prose(3, 10), *WIRE[:1], *prose(4, 10)],
    "boilerplate": [*prose(5, 2), *prose(99, 2)],
    "boilerplate too": [*prose(6, 2), *prose(99, 2)],
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_what_outlets_do_to_a_wire_text_leaves_a_copy(copy: list[str]) -> None:
    one, other = shingled(text(WIRE)), shingled(text(copy))
    assert is_copy(one, other)
    assert is_copy(other, one)
    assert set(bands([one])[0].tolist()) & set(bands([other])[0].tolist())


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_shares_text_without_being_a_copy_is_none(other: list[str]) -> None:
    texts = [shingled(text(parts)) for parts in (WIRE, *OTHERS.values()) if parts is not other]
    assert not any(is_copy(shingled(text(other)), one) for one in texts)


def test_a_template_filled_in_anew_is_no_copy() -> None:
    form = "Shares in {} closed at {} on {}, {} points up, as traders there weighed what the bank said of rates. " * 4
    monday = shingled(
        form.format(*"Oslo 1,204 Monday 12 Bergen 310 Monday 4 Lagos 77 Monday 9 Rio 18 Monday 2".split())
    )
    friday = shingled(form.format(*"Hull 988 Friday 31 Malmo 640 Friday 8 Accra 54 Friday 6 Lima 73 Friday 5".split()))
    assert likeness(monday, friday).facts < 0.5
    assert not is_copy(monday, friday, Thresholds(containment=0.5, lead=0.0, facts=0.6))


def test_small_numbers_spelled_out_case_and_marks_make_no_difference() -> None:
    one, other = shingled("The Five envoys’ 1,000 ships"), shingled("the 5 envoys' 1000 SHIPS.")
    np.testing.assert_array_equal(one.hashes, other.hashes)
    assert one.size == 3


@pytest.mark.parametrize("short", ["", "Moscow.", "The talks go on.", " ".join(words(20, 3))])
def test_a_text_of_few_words_is_evidence_of_nothing(short: str) -> None:
    assert not is_copy(shingled(short), shingled(short))
    assert not is_copy(shingled(short), shingled(text(WIRE)))


@given(st.lists(st.text(), min_size=2, max_size=2))
def test_likeness_is_symmetric_and_between_nought_and_one(texts: list[str]) -> None:
    one, other = map(shingled, texts)
    there, back = likeness(one, other), likeness(other, one)
    assert there == back
    assert all(0 <= value <= 1 for value in (there.containment, there.lead, there.facts))


@given(st.lists(st.text(max_size=80), max_size=4))
def test_bands_are_the_same_whatever_is_sketched_beside(texts: list[str]) -> None:
    read = [shingled(one) for one in texts]
    together = [keys.tolist() for keys in bands(read)]
    assert together == [bands([one])[0].tolist() for one in read]
    assert [bool(keys) for keys in together] == [len(one.words) >= 5 for one in read]


def test_bands_are_what_they_were_when_catalogues_were_written() -> None:
    # Another release of a library must not change them unnoticed: raise VERSION with these.
    keys = bands([shingled("Envoys of two countries met in Oslo on Monday.")])[0]
    assert (len(keys), keys[0], keys[-1]) == (52, 58755020695256, 168106810469340)


# In the catalogue


@pytest.fixture
def catalogue(place: Place) -> Iterator[Catalogue]:
    catalogue = Catalogue(place)
    catalogue.add_feed(FEED)
    yield catalogue
    catalogue.close()


def article(name: str, parts: Sequence[str], published: PartialDate | None = None, source: str = "") -> Article:
    return Article(name, text(parts), name, source or name.upper(), f"https://{name}.example/", published)


NEWSROOM = [
    article("whole", WIRE, JULY[9]),
    article("cut", WIRE[:2], JULY[8]),
    article("added", COPIES["added"], JULY[10]),
    article("undated", COPIES["byline"]),
    article("follow-up", OTHERS["follow-up"], JULY[11]),
    article("apart", prose(20), JULY[3]),
    article("apart again", prose(20)[:3], PartialDate(2024, 7)),
    article("alone", prose(30), JULY[1]),
]
STORIES = {
    **dict.fromkeys(["whole", "cut", "added", "undated"], "cut"),
    "follow-up": "follow-up",
    **dict.fromkeys(["apart", "apart again"], "apart again"),
    "alone": "alone",
}


def fold(catalogue: Catalogue) -> None:
    fold_stories(catalogue, Steps(()))


def stories(catalogue: Catalogue) -> dict[str, str]:
    return catalogue.story_of(STORIES)


def test_copies_are_one_story_named_by_the_earliest(catalogue: Catalogue) -> None:
    catalogue.store("wire", NEWSROOM)
    fold(catalogue)
    assert stories(catalogue) == STORIES
    found = catalogue.story_articles(["cut", "alone", "nobody"])
    told = found["cut"]
    assert [(a.article_id, a.source, a.published) for a in told] == [
        ("cut", "CUT", JULY[8]),
        ("whole", "WHOLE", JULY[9]),
        ("added", "ADDED", JULY[10]),
        ("undated", "UNDATED", None),
    ]
    assert all(a.first_seen for a in told)
    assert [a.article_id for a in found["alone"]] == ["alone"]
    assert found["nobody"] == []


def test_an_article_that_nobody_has_seen_is_its_own_story(catalogue: Catalogue) -> None:
    assert catalogue.story_of(["nobody", "else"]) == {"nobody": "nobody", "else": "else"}
    assert catalogue.story_articles(["nobody"]) == {"nobody": []}
    assert catalogue.story_articles([]) == {}


@settings(max_examples=15, deadline=None)
@given(st.permutations(NEWSROOM), st.lists(st.integers(1, 7), max_size=3))
def test_the_order_in_which_articles_come_makes_no_difference(order: list[Article], runs: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Catalogue(Path(folder) / "catalogue.sqlite3")
        catalogue.add_feed(FEED)
        cuts = sorted({0, *runs, len(order)})
        for start, end in pairwise(cuts):
            catalogue.store("wire", order[start:end])
            fold(catalogue)
        assert stories(catalogue) == STORIES
        catalogue.close()


@settings(max_examples=15, deadline=None)
@given(st.sets(st.sampled_from(sorted(STORIES)), min_size=1))
def test_articles_that_go_and_come_back_are_in_the_same_stories(gone: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Catalogue(Path(folder) / "catalogue.sqlite3")
        catalogue.add_feed(FEED)
        catalogue.store("wire", NEWSROOM)
        fold(catalogue)
        before = kept_rows(catalogue)
        catalogue.keep_only("wire", STORIES.keys() - gone)
        fold(catalogue)
        left = {name for name in STORIES if name not in gone}
        assert {a.article_id for found in catalogue.story_articles(STORIES.values()).values() for a in found} <= left
        assert len({stories(catalogue)[name] for name in left}) == len({STORIES[name] for name in left})
        catalogue.store("wire", [a for a in NEWSROOM if a.id in gone])
        fold(catalogue)
        assert stories(catalogue) == STORIES
        assert kept_rows(catalogue) == before
        catalogue.close()


def kept_rows(catalogue: Catalogue) -> list[int]:
    return [
        catalogue._rows(sqlalchemy.text(f"SELECT count(*) FROM {table}"))[0][0]  # noqa: S608
        for table in ("stories", "story_sketches", "story_copies")
    ]


def test_the_article_between_two_copies_holds_their_story_together(catalogue: Catalogue) -> None:
    first, middle, last = WIRE[:3], [*WIRE[:3], *prose(40, 3)], prose(40, 3)
    ends = [article("first", first, JULY[1]), article("last", [*last, *prose(41, 1)], JULY[3])]
    catalogue.store("wire", [*ends, article("middle", [*first, *last], JULY[2])])
    fold(catalogue)
    assert middle
    assert catalogue.story_of(["first", "middle", "last"]) == dict.fromkeys(["first", "middle", "last"], "first")
    catalogue.keep_only("wire", ["first", "last"])
    fold(catalogue)
    assert catalogue.story_of(["first", "last"]) == {"first": "first", "last": "last"}


def test_a_corrected_article_leaves_its_story_and_can_come_back(catalogue: Catalogue) -> None:
    catalogue.store("wire", NEWSROOM)
    fold(catalogue)
    seen = catalogue.story_articles(["cut"])["cut"][0].first_seen
    catalogue.store("wire", [replace(NEWSROOM[1], text=text(prose(50)))])
    fold(catalogue)
    assert stories(catalogue) == STORIES | dict.fromkeys(["whole", "added", "undated"], "whole")
    catalogue.store("wire", [NEWSROOM[1]])
    fold(catalogue)
    assert stories(catalogue) == STORIES
    assert catalogue.story_articles(["cut"])["cut"][0].first_seen == seen


def test_only_what_is_new_is_compared(catalogue: Catalogue) -> None:
    catalogue.store("wire", NEWSROOM[:5])
    fold(catalogue)
    told: list[tuple[str, int, int | None]] = []
    catalogue.store("wire", NEWSROOM[5:])
    fold_stories(catalogue, lambda *step: told.append(step))
    assert told == [("folding", 0, 3), ("folding", 1, 3), ("folding", 3, 3)]
    told.clear()
    fold_stories(catalogue, lambda *step: told.append(step))
    assert told == [("folding", 0, 0)]


def test_what_another_version_sketched_is_sketched_again(catalogue: Catalogue) -> None:
    catalogue.store("wire", NEWSROOM)
    fold(catalogue)
    catalogue._write(sqlalchemy.text("UPDATE stories SET sketch = 0, story = article"))
    catalogue._write(sqlalchemy.text("DELETE FROM story_copies"))
    fold(catalogue)
    assert stories(catalogue) == STORIES
