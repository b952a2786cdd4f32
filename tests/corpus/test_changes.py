from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.changes import FieldChange, changed_sentences, stands, steps
from corpus.revisions import Revision
from retrieval.dates import PartialDate
from retrieval.segmentation import sentences
from retrieval.types import Article

BEFORE = "Envoys met in Oslo. They spoke of grain.\n\nNobody said more."
AFTER = "Envoys met in Oslo.\n\nThey spoke of fish. Then they left. Nobody  said more."
OSLO = Article("oslo", BEFORE, "Talks", "The Wire", "", PartialDate(2024, 7))


def revisions(*articles: Article) -> list[Revision]:
    return [
        Revision(article, f"2024-07-0{n}", None if n == len(articles) else f"2024-07-0{n + 1}", removed=False)
        for n, article in enumerate(articles, start=1)
    ]


def test_what_went_and_came_is_told_in_the_order_of_the_text() -> None:
    changes = changed_sentences(BEFORE, AFTER)
    assert [(change.added, change.text) for change in changes] == [
        (False, "They spoke of grain."),
        (True, "They spoke of fish."),
        (True, "Then they left."),
    ]


words = st.lists(
    st.sampled_from(["It rained.", "Nobody came.", "The U.S. left.", "“Why?”", "They met\n", "\n\n", "ÅΩ 5."])
)
texts = words.map(" ".join)


@settings(max_examples=150)
@given(texts, texts)
def test_the_changes_are_verbatim_and_make_the_new_text_of_the_old_one(before: str, after: str) -> None:
    changes = changed_sentences(before, after)
    for change in changes:
        assert (after if change.added else before)[change.start : change.end] == change.text
    gone = {(c.start, c.end) for c in changes if not c.added}
    new = {(c.start, c.end) for c in changes if c.added}
    kept = [" ".join(s.of(before).split()) for s in sentences(before) if (s.start, s.end) not in gone]
    assert kept == [" ".join(s.of(after).split()) for s in sentences(after) if (s.start, s.end) not in new]
    if before == after:
        assert changes == []


def test_steps_tell_texts_fields_and_spacing_apart() -> None:
    spaced = replace(OSLO, text=BEFORE.replace("\n\n", "\n \n"))
    renamed = replace(spaced, title="", published=PartialDate(2024, 7, 9))
    first, text, spacing, fields, same = steps(revisions(replace(OSLO, text=AFTER), OSLO, spaced, renamed, renamed))
    assert (first.number, first.fields, first.sentences, first.spacing) == (1, (), (), False)
    assert len(text.sentences) == 3
    assert not text.spacing
    assert (spacing.sentences, spacing.spacing) == ((), True)
    assert fields.fields == (FieldChange("title", "Talks", ""), FieldChange("published", "2024-07", "2024-07-09"))
    assert not fields.spacing
    assert (same.number, same.fields, same.sentences, same.spacing) == (5, (), (), False)


def test_the_newest_steps_alone_keep_their_numbers_and_what_changed() -> None:
    history = revisions(*(replace(OSLO, text=f"Version {n}.") for n in range(1, 6)))
    newest = steps(history, 2)
    assert [step.number for step in newest] == [4, 5]
    assert newest == steps(history)[-2:]
    assert steps(history, 9) == steps(history)


def test_a_sentence_stands_where_it_is_one_of_the_text_however_it_is_spaced() -> None:
    assert stands("They spoke\nof  grain.", BEFORE)
    assert not stands("They spoke of fish.", BEFORE)
    assert not stands("spoke of grain.", BEFORE)
    assert not stands("Prices rose.", "He denied that Prices rose. It rained.")
