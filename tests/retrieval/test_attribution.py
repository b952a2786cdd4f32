import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.attribution import attributed

ANNA = "Anna Lund, the mayor of Vardø, met Per Holm, a fisherman, on the quay."


def said(text: str) -> list[tuple[str, str]]:
    """Speakers and what each is quoted with."""
    return [(one.speaker.name, " … ".join(s.of(text) for s in one.quotations)) for one in attributed(text)[1]]


@pytest.mark.parametrize(
    "sentence",
    [
        "“We will rebuild the quay,” said Anna Lund.",
        "“We will rebuild the quay,” Anna Lund said.",
        "“We will rebuild the quay,” Mayor Anna Lund told reporters on Monday.",
        "“We will rebuild the quay,” Lund, the mayor, told reporters.",
        "“We will rebuild the quay,” Lund, 52, who has led the town for years, told the Daily Post.",
        "“We will rebuild the quay,” the mayor said.",
        "“We will rebuild the quay,” according to Anna Lund.",
        "“We will rebuild the quay,” as Anna Lund put it.",
        "“We will rebuild the quay,” said the town’s mayor, Anna Lund.",
        "“We will rebuild the quay,” said Lund of the Labour Party.",
        "“We will rebuild the quay!” Lund said.",
        "Anna Lund said: “We will rebuild the quay.”",
        "Anna Lund said on Monday, “We will rebuild the quay.”",
        "Lund has said that “we will rebuild the quay.”",
        "According to Anna Lund, “we will rebuild the quay.”",
        "In a statement to the Daily Post, Lund, who was in Oslo, wrote: “We will rebuild the quay.”",
        "Lund praised the town, adding: “We will rebuild the quay.”",
        "Lund thanked the fishermen and said: “We will rebuild the quay.”",
        "“We will rebuild the quay.” Lund said in a statement.",
        "'We will rebuild the quay,' Anna Lund said.",
        '"We will rebuild the quay," Anna Lund said.',
        "The work is dear, said Anna Lund, adding: “We will rebuild the quay.”",
        "“We will rebuild the quay.”\n\n– Anna Lund, on the storm.",
    ],
)
def test_a_speech_verb_or_a_signature_tells_who_speaks(sentence: str) -> None:
    text = f"{ANNA}\n\n{sentence}"
    ((speaker, words),) = said(text)
    assert speaker == "Anna Lund"
    assert words.strip(".,!").casefold() == "we will rebuild the quay"


@pytest.mark.parametrize(
    "sentence",
    [
        "“We will rebuild the quay,” said a spokesman for Anna Lund.",
        "“We will rebuild the quay,” a friend of Anna Lund said.",
        "“We will rebuild the quay,” Lund’s office said.",
        "“We will rebuild the quay,” they said.",
        "“We will rebuild the quay,” the statement said.",
        "“We will rebuild the quay,” Anna Lund and Per Holm said.",
        "“We will rebuild the quay,” Lund recalled her father saying.",
        "Lund did not say “we will rebuild the quay.”",
        "Lund would say “we will rebuild the quay” to anyone.",
        "Lund was told “we will rebuild the quay” again.",
        "Lund read the sign “we will rebuild the quay” aloud.",
        "Lund saw a poster: it promised what the crowd chanted, “we will rebuild the quay.”",
        "“We will rebuild the quay,” the Russian leader said.",
        "“We will rebuild the quay.”",
        "Lund denied saying “we will rebuild the quay.”",
        "Anna Lund refused to rule it out, never saying “we will rebuild the quay.”",
        "If Lund had said “we will rebuild the quay,” nobody would have believed it.",
        "A video made by artificial intelligence showed Anna Lund saying: “We will rebuild the quay.”",
    ],
)
def test_what_is_not_said_by_a_person_or_not_clearly_is_left_out(sentence: str) -> None:
    assert said(f"{ANNA}\n\n{sentence}") == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Lund called the plan “bold”.",
        "Lund starred in “The Storm on the Quay” in 1990.",
        "Lund said that “The Old Man and the Sea” was her favourite book.",
        "Lund spoke of a “so-called storm” on Monday.",
    ],
)
def test_scare_quotes_and_titles_are_no_quotes(sentence: str) -> None:
    assert said(f"{ANNA}\n\n{sentence}") == []


def test_who_quotes_somebody_says_nothing_of_it() -> None:
    assert said(f"{ANNA} Lund quoted Per Holm as saying: “We will rebuild the quay.”") == [
        ("Per Holm", "We will rebuild the quay.")
    ]


def test_whose_rival_somebody_is_does_not_speak() -> None:
    text = f"{ANNA}\n\nLund’s rival, Oren Vale, disagreed. “We will rebuild the quay,” he said."
    assert said(text) == []


def test_a_spokesman_speaks_for_himself() -> None:
    text = (
        f"{ANNA}\n\n“She is well,” said a spokesman for Anna Lund, Ole Berg.\n\n"
        "“Very well,” Lund spokesman Ole Berg said."
    )
    assert said(text) == [("Ole Berg", "She is well,"), ("Ole Berg", "Very well,")]


def test_a_split_quotation_and_what_follows_it_are_one_quote() -> None:
    text = f"{ANNA}\n\n“The quay is gone,” Lund said, “but we are here.” “And we shall stay.”\n\nRain fell."
    ((speaker, words),) = said(text)
    assert speaker == "Anna Lund"
    assert words == "The quay is gone, … but we are here. … And we shall stay."
    ((one,),) = [attributed(text)[1]]
    assert one.span.of(text).endswith("“And we shall stay.”")
    assert (one.verb, one.partial) == ("said", False)


def test_a_quotation_of_several_paragraphs_is_one_quote() -> None:
    text = f"{ANNA}\n\n“The quay is gone,” Lund said. “The boats are gone.\n\n“But we are here.”"
    assert said(text) == [("Anna Lund", "The quay is gone, … The boats are gone. … But we are here.")]


def test_two_speakers_of_one_sentence_are_two_quotes() -> None:
    text = f"{ANNA}\n\n“We stay here,” Lund said, and Holm replied: “So do we all.”"
    assert said(text) == [("Anna Lund", "We stay here,"), ("Per Holm", "So do we all.")]


def test_what_follows_reported_speech_goes_on_with_it() -> None:
    assert said(f"{ANNA}\n\nHolm said the catch was poor. “I have four sons to feed.”") == [
        ("Per Holm", "I have four sons to feed."),
    ]
    assert said(f"{ANNA}\n\nHolm said the catch was poor. Rain fell. “I have four sons to feed.”") == []


def test_pronouns_mean_the_last_one_named_whom_they_fit() -> None:
    text = f"{ANNA}\n\nHolm lost his boat. “She was all I had,” he said.\n\n“We will help him,” she said."
    assert said(text) == [("Per Holm", "She was all I had,"), ("Anna Lund", "We will help him,")]


@pytest.mark.parametrize(
    "before",
    [
        "Per Holm met Ole Berg.",
        "A neighbour with a beard was there too. One man said he had seen it all.",
        "Anna Lund left.",
    ],
)
def test_a_pronoun_that_may_mean_several_or_somebody_unnamed_is_left_open(before: str) -> None:
    people = "" if before.startswith("Anna") else "Per Holm, a fisherman, and Ole Berg, a fisherman, are brothers. "
    assert said(f"{people}{before}\n\n“It was a wave,” he said.") == []


def test_of_relatives_a_surname_means_who_was_named_first_or_bears_the_title() -> None:
    text = (
        "President Nils Moe spoke on Monday. His daughter, Liv Moe, is a painter.\n\n"
        "“I am proud of her,” President Moe said.\n\nThe palace was full. "
        + "It rained on the roofs of the town all day. " * 20
        + "\n\n“We go on,” Moe said."
    )
    assert said(text) == [("Nils Moe", "I am proud of her,"), ("Nils Moe", "We go on,")]
    near = "President Nils Moe spoke on Monday. His daughter, Liv Moe, is a painter.\n\n“I paint at night,” Moe said."
    assert said(near) == []


def test_a_part_of_a_sentence_is_a_partial_quote() -> None:
    text = f"{ANNA}\n\nLund called the storm “the worst that this coast has seen”."
    (one,) = attributed(text)[1]
    assert one.partial
    assert one.verb == "called"
    assert one.named is not None
    assert one.named.of(text) == "Lund"


def test_a_name_that_was_asked_for_is_a_persons() -> None:
    text = "Crowds met Zola Quist in the rain. “I am home,” Quist whispered."
    people, (one,) = attributed(text, ("zola", "quist"))
    assert [person.name for person in people] == ["Zola Quist"]
    assert one.speaker.name == "Zola Quist"


parts = st.sampled_from(
    [
        "“",
        "”",
        '"',
        "‘",
        "’",
        " ",
        ". ",
        ", ",
        "\n\n",
        "Anna Lund",
        "Lund",
        "she",
        "He",
        "said",
        "told reporters",
        "the mayor",
    ]
)


@given(st.one_of(st.lists(parts, max_size=40).map(" ".join), st.lists(parts, max_size=40).map("".join), st.text()))
def test_whatever_a_text_holds_its_quotes_are_slices_of_it_in_order(text: str) -> None:
    _, found = attributed(text)
    starts = [one.span.start for one in found]
    assert starts == sorted(starts)
    for one in found:
        assert 0 <= one.span.start < one.span.end <= len(text)
        assert one.quotations
        assert list(one.quotations) == sorted(one.quotations)
        for words in one.quotations:
            assert one.span.start < words.start < words.end <= one.span.end
            assert not {"“", '"'} & {text[words.start]}
