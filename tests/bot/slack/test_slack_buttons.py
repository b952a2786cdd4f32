"""What is pressed below answers, also after a restart."""

from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest

from corpus.journal import Gap, Reason
from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.port import Vectors
from tests.bot.slack.driver import CHANNEL, Bot, Shown
from tests.bot.slack.server import FakeSlack

QUESTION = "Who met in Oslo on Monday?"


async def test_more_passages_are_shown_to_who_asks_for_them(bot: Bot) -> None:
    answer = await bot.mention(QUESTION)
    more = await bot.press(answer, "More passages", "U2")
    assert [m.only_for for m in more.messages] == ["U2"]
    assert more.messages[0].thread == answer.messages[0].thread
    assert "Tromsø" in more.text


async def test_context_shows_the_paragraphs_around(bot: Bot) -> None:
    answer = await bot.mention(QUESTION)
    context = await bot.press(answer, "Context 1")
    assert "The harbour had been closed since the spring." in context.text


async def test_a_related_question_is_asked_in_the_thread(bot: Bot) -> None:
    answer = await bot.mention(QUESTION)
    label = answer.buttons[-1]
    asked = await bot.press(answer, label, "U2", times=3)
    (message,) = asked.messages
    assert message.only_for == ""
    assert message.thread == answer.messages[0].thread
    assert f"Question: {label}" in asked.text


async def test_a_related_question_of_a_direct_message_is_answered_there(bot: Bot) -> None:
    answer = await bot.say(QUESTION, channel="D1")
    (message,) = (await bot.press(answer, answer.buttons[-1])).messages
    assert (message.channel, message.thread) == ("D1", "")


async def test_a_good_vote_is_thanked_for_in_private(bot: Bot) -> None:
    answer = await bot.mention(QUESTION)
    (thanks,) = (await bot.press(answer, "👍")).messages
    assert "Thank you" in thanks.text
    assert thanks.only_for == "U1"
    assert bot.app.journal.gaps("slack:T1", 9) == []


@pytest.mark.parametrize("reason", [*Reason, None])
async def test_a_bad_vote_asks_why(bot: Bot, slack: FakeSlack, reason: str | None) -> None:
    answer = await bot.mention(QUESTION)
    assert (await bot.press(answer, "👎", "U2")).messages == ()
    (modal,) = slack.modals
    options = modal["blocks"][0]["element"]["options"]
    assert [option["value"] for option in options] == list(Reason)
    assert bot.app.journal.gaps("slack:T1", 9) == []
    (thanks,) = (await bot.submit(reason, "U2")).messages
    assert "Thank you" in thanks.text
    assert (thanks.only_for, thanks.thread) == ("U2", answer.messages[0].thread)
    assert bot.app.journal.gaps("slack:T1", 9) == [Gap(QUESTION, 0, 1)]


async def test_a_form_that_slack_does_not_open_is_told(bot: Bot, slack: FakeSlack) -> None:
    answer = await bot.mention(QUESTION)
    slack.errors["views.open"] = "expired_trigger_id"
    assert "expired_trigger_id" in (await bot.press(answer, "👎")).text


async def test_buttons_work_after_a_restart(slack: FakeSlack, news: Path) -> None:
    async with Bot(slack, news) as bot:
        answer = await bot.mention(QUESTION)
    async with Bot(slack, news) as bot:
        assert "Tromsø" in (await bot.press(answer, "More passages")).text
        assert "The harbour" in (await bot.press(answer, "Context 1")).text
        assert "Question:" in (await bot.press(answer, answer.buttons[-1])).text
        assert "Thank you" in (await bot.press(answer, "👍")).text


async def test_an_answer_that_was_deleted_is_told_to_be_gone(bot: Bot) -> None:
    answer = await bot.mention(QUESTION)
    await bot.command("backchannel", "forget")
    for label in ("More passages", "Context 1", "👍", answer.buttons[-1]):
        (note,) = (await bot.press(answer, label)).messages
        assert "there is no answer" in note.text.lower()
        assert note.only_for == "U1"


# In private, and shared


async def ask(bot: Bot, **at: str) -> Shown:
    return await bot.command("ask", QUESTION, **at)


async def test_a_command_is_answered_in_private_until_it_is_shared(bot: Bot, slack: FakeSlack) -> None:
    answer = await ask(bot)
    assert [m.only_for for m in answer.messages] == ["U1"]
    assert f"Question: {QUESTION}" in answer.text
    assert slack.by_bot() == []
    (shared,) = (await bot.press(answer, "Share in channel")).messages
    assert (shared.channel, shared.thread, shared.only_for) == (CHANNEL, "", "")
    assert not any(name.startswith("Share") for name in Shown((shared,)).buttons)
    assert (await bot.press(answer, "Share in channel")).messages == ()
    follow_up = await bot.say("and in Bergen?", thread=shared.ts)
    assert "Searched for" in follow_up.text


async def test_a_private_answers_buttons_stay_private(bot: Bot, slack: FakeSlack) -> None:
    answer = await ask(bot)
    for label in ("More passages", "Context 1", "👍", answer.buttons[-1]):
        assert [m.only_for for m in (await bot.press(answer, label)).messages] == ["U1"]
    await bot.press(answer, "👎")
    assert [m.only_for for m in (await bot.submit(None)).messages] == ["U1"]
    assert slack.by_bot() == []


async def test_where_the_bot_is_no_member_sharing_says_so(bot: Bot, slack: FakeSlack) -> None:
    answer = await ask(bot)
    slack.errors["chat.postMessage"] = "not_in_channel"
    (note,) = (await bot.press(answer, "Share")).messages
    assert "invite me" in note.text


async def test_nothing_is_shared_outside_threads_where_only_threads_are_allowed(slack: FakeSlack, news: Path) -> None:
    async with Bot(slack, news) as bot:
        before = await ask(bot)
    async with Bot(slack, news, threads_only=True) as bot:
        assert not any(name.startswith("Share") for name in (await ask(bot)).buttons)
        assert "not to post" in (await bot.press(before, "Share")).text


async def test_a_response_that_slack_refuses_is_said_another_way(bot: Bot, slack: FakeSlack) -> None:
    slack.dead_responses = True
    (answer,) = (await ask(bot)).messages
    assert answer.only_for == "U1"
    assert slack.calls["chat.postEphemeral"] == 1


async def test_a_refusal_of_both_ways_is_logged(bot: Bot, slack: FakeSlack, caplog: pytest.LogCaptureFixture) -> None:
    slack.dead_responses = True
    slack.errors["chat.postEphemeral"] = "channel_not_found"
    assert (await ask(bot)).messages == ()
    assert "nobody could be told" in caplog.text


class SlowEncoder(FakeEncoder):
    """Encodes no question before ``release`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.release = Event()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        assert self.release.wait(30), "nobody released the encoder"
        return super().encode_queries(texts)


async def test_a_slow_answer_shows_a_sign_of_life(slack: FakeSlack, news: Path) -> None:
    encoder = SlowEncoder()
    async with Bot(slack, news, encoder=encoder) as bot:
        await slack.deliver(slack.command("/ask", QUESTION, "U1", CHANNEL))
        await slack.until(lambda: any("Searching" in m.text for m in slack.private))
        encoder.release.set()
        await bot.platform.idle()
        assert len(slack.private) == 2


async def test_the_shortcut_asks_with_a_messages_text(bot: Bot, slack: FakeSlack) -> None:
    message = slack.write(CHANNEL, "U2", "Envoys are said to have met in <https://oslo.example|Oslo>")
    answer = await bot.hear(slack.shortcut(message, "U1"), times=2)
    assert [m.only_for for m in answer.messages] == ["U1"]
    assert "Question: Envoys are said to have met in Oslo" in answer.text
    (shared,) = (await bot.press(answer, "Share in thread")).messages
    assert (shared.thread, shared.only_for) == (message.ts, "")
    assert "Searched for" in (await bot.say("and in Bergen?", thread=message.ts)).text


async def test_an_answer_that_is_outdated_when_it_is_shared_says_so(bot: Bot, slack: FakeSlack) -> None:
    answer = await bot.command("ask", QUESTION)
    bot.app.catalogue.remove_feed(bot.app.catalogue.feeds()[0].name)
    (shared,) = (await bot.press(answer, "Share in channel")).messages
    assert shared.only_for == ""
    said = str(shared.blocks)
    assert "as given on" in said
    assert "The article has been removed since (seen " in said
