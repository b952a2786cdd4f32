from bot.related import related_questions
from retrieval.types import Query
from tests.bot.replies import answer, cite

NAMED = ("Envoys met Ivan de Souza in Oslo. ", "The Security Council of the United Nations was told.", "")


def test_headlines_of_the_other_articles_and_names_take_turns() -> None:
    reply = answer(
        cite(NAMED, title="Grain talks"),
        cite(article_id="bergen", title="Storm delays\nthe ferry"),
        cite(article_id="narvik", title="Ore from the north"),
    )
    assert related_questions(reply.answer) == (
        "Storm delays the ferry",
        "What is reported about Ivan de Souza?",
        "Ore from the north",
    )


def test_the_article_that_answered_is_not_offered_again_but_what_an_abstention_found_is() -> None:
    assert related_questions(answer(cite()).answer) == ()
    assert related_questions(answer(cite(), abstained=True).answer) == ("Grain talks",)


def test_what_was_asked_is_not_offered() -> None:
    query = Query("What is reported about ivan de souza and the Storm?")
    reply = answer(cite(NAMED), cite(article_id="b", title="The storm"), query=query)
    assert related_questions(reply.answer) == (
        "The storm",
        "What is reported about the Security Council of the United Nations?",
    )
    again = answer(cite(), cite(article_id="b", title="What was agreed"))
    assert related_questions(again.answer) == ()


def test_nothing_is_offered_twice_and_they_are_the_same_each_time() -> None:
    citations = [cite(NAMED, article_id=f"a{n}", title="Same title") for n in range(5)]
    questions = related_questions(answer(*citations).answer)
    assert len(questions) == len(set(questions)) == 3
    assert related_questions(answer(*citations).answer) == questions


def test_an_answer_without_citations_offers_nothing() -> None:
    assert related_questions(answer(abstained=True).answer) == ()
