import pytest

from retrieval.answer_types import lacks

SENTENCES = {
    "number": ("Twelve soldiers died.", "Soldiers died."),
    "date": ("He flew in July 2024.", "He flew to Moscow."),
    "name": ("It was Narendra Modi.", "It was the minister."),
}


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("number", "How many soldiers died?"),
        ("number", "What percentage of crude is Russian?"),
        ("date", "When did he fly?"),
        ("date", "In which year did he fly?"),
        ("name", "Who flew?"),
        ("name", "Which country bought the oil?"),
    ],
)
def test_a_sentence_without_what_is_asked_for_lacks_it(kind: str, question: str) -> None:
    holding, lacking = SENTENCES[kind]
    assert not lacks(kind, question, holding)
    assert lacks(kind, question, lacking)


@pytest.mark.parametrize("kind", SENTENCES)
@pytest.mark.parametrize("question", ["Why does India buy oil?", "What is the Quad?", ""])
def test_what_is_not_asked_for_is_not_lacking(kind: str, question: str) -> None:
    assert not any(lacks(kind, question, sentence) for sentence in (*SENTENCES[kind], ""))


def test_a_name_in_the_question_is_no_answer() -> None:
    assert lacks("name", "Who met Modi?", "He welcomed Modi.")
    assert not lacks("name", "Who met Modi?", "He was met by Putin.")
    assert lacks("name", "Who met Modi?", "“Nobody did.")
