"""Questions asked in Slack: where they are answered, and that each is answered once."""

from pathlib import Path

import pytest

from tests.bot.conftest import OSLO
from tests.bot.slack import block_kit
from tests.bot.slack.driver import CHANNEL, Bot
from tests.bot.slack.server import BOT, FakeSlack

QUESTION = "Who met in Oslo on Monday?"


async def test_a_mention_is_answered_in_its_thread(bot: Bot, slack: FakeSlack) -> None:
    shown = await bot.mention(QUESTION)
    (answer,) = shown.messages
    (question,) = [m for m in slack.messages if m.user == "U1"]
    assert (answer.channel, answer.thread) == (CHANNEL, question.ts)
    assert "Grain talks in Oslo end with a deal" in shown.text
    assert "The Wire · 9 July 2024" in shown.text
    assert all(sentence in OSLO for sentence in block_kit.marked(answer.blocks)[:1])
    assert "https://wire.example/oslo#:~:text=" in block_kit.links(answer.blocks)[0]
    assert "as of" in shown.text
    assert "answer " in shown.text
    assert "“" in answer.text
    assert "The Wire" in answer.text


async def test_a_sign_of_life_is_shown_and_taken_back(bot: Bot, slack: FakeSlack) -> None:
    await bot.mention(QUESTION)
    question = slack.messages[0]
    assert slack.reactions == [("add", question.ts, "eyes"), ("remove", question.ts, "eyes")]


async def test_without_the_right_to_react_the_answer_comes_all_the_same(bot: Bot, slack: FakeSlack) -> None:
    slack.errors["reactions.add"] = slack.errors["reactions.remove"] = "missing_scope"
    assert "Oslo" in (await bot.mention(QUESTION)).text


async def test_a_direct_message_is_answered_where_it_stands(bot: Bot) -> None:
    (answer,) = (await bot.say(QUESTION, channel="D1")).messages
    assert (answer.channel, answer.thread) == ("D1", "")


async def test_a_direct_message_in_a_thread_is_answered_there(bot: Bot, slack: FakeSlack) -> None:
    root = slack.write("D1", "U1", "a root")
    (answer,) = (await bot.say(QUESTION, channel="D1", thread=root.ts)).messages
    assert answer.thread == root.ts


async def test_a_follow_up_needs_no_mention_and_says_what_was_searched(bot: Bot) -> None:
    (answer,) = (await bot.mention(QUESTION)).messages
    shown = await bot.say("and in Bergen?", thread=answer.thread)
    assert "Searched for: Who met in Oslo on Monday? and in Bergen?" in shown.text
    assert shown.messages[0].thread == answer.thread


async def test_a_new_topic_lets_go_of_what_went_before(bot: Bot) -> None:
    (answer,) = (await bot.mention(QUESTION)).messages
    shown = await bot.say("new topic: and the ferry to Bergen?", thread=answer.thread)
    assert "Searched for" not in shown.text
    alone = await bot.mention("new topic", thread=answer.thread)
    assert alone.messages[0].only_for == "U1"
    assert "New topic" in alone.text


async def test_follow_ups_in_a_direct_message_need_no_thread(bot: Bot) -> None:
    await bot.say(QUESTION, channel="D1")
    assert "Searched for" in (await bot.say("and in Bergen?", channel="D1")).text


async def test_other_messages_are_not_answered(bot: Bot, slack: FakeSlack) -> None:
    assert (await bot.say("Who met in Oslo?")).messages == ()
    root = slack.write(CHANNEL, "U2", "a thread of others")
    assert (await bot.say("Who met in Oslo?", thread=root.ts)).messages == ()


async def test_what_addresses_somebody_else_in_its_thread_is_not_answered(bot: Bot) -> None:
    (answer,) = (await bot.mention(QUESTION)).messages
    assert (await bot.say("<@U2> what do you think?", thread=answer.thread)).messages == ()


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B2"},
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"subtype": "bot_message"},
        {"edited": {"user": "U1", "ts": "1.0"}},
        {"user": BOT},
        {"text": ""},
    ],
)
async def test_bots_edits_and_joins_are_ignored(bot: Bot, slack: FakeSlack, more: dict[str, object]) -> None:
    message = slack.write("D1", "U1", QUESTION)
    shown = await bot.hear(slack.event(message, **more))
    assert shown.messages == ()


async def test_a_blank_mention_is_refused_in_private(bot: Bot) -> None:
    (note,) = (await bot.mention("")).messages
    assert note.only_for == "U1"
    assert "blank" in note.text


async def test_markup_in_a_question_is_read_as_words(bot: Bot) -> None:
    shown = await bot.mention("who met in <https://oslo.example|Oslo> on <#C9|monday> &amp; <!here>?")
    assert "Grain talks in Oslo" in shown.text


async def test_where_the_bot_may_not_speak_it_is_silent_but_for_commands(slack: FakeSlack, news: Path) -> None:
    async with Bot(slack, news, channels_denied=CHANNEL) as bot:
        assert (await bot.mention(QUESTION)).messages == ()
        (note,) = (await bot.command("ask", QUESTION)).messages
        assert "not to speak" in note.text
        assert (await bot.say(QUESTION, channel="D1")).messages


async def test_an_abstention_shows_what_there_is_and_folds_what_was_found(slack: FakeSlack, news: Path) -> None:
    async with Bot(slack, news, threshold=2) as bot:
        shown = await bot.mention(QUESTION)
        assert "does not seem to answer" in shown.text
        assert "It covers 5 articles" in shown.text
        assert "Nearest headlines" in shown.text
        assert OSLO[:40] not in shown.text
        passages = await bot.press(shown, "Show the closest passages")
        assert "They agreed to let grain ships pass" in passages.text


async def test_too_many_questions_are_refused_in_private(slack: FakeSlack, news: Path) -> None:
    async with Bot(slack, news, rate_per_person="1/hour") as bot:
        await bot.mention(QUESTION)
        (note,) = (await bot.mention(QUESTION)).messages
        assert note.only_for == "U1"
        assert "ask again in" in note.text


async def test_of_more_than_may_wait_each_is_answered_or_told_alone_to_ask_again(slack: FakeSlack, news: Path) -> None:
    async with Bot(slack, news, workers=1, most_waiting=3) as bot:
        asked = [slack.write(CHANNEL, f"U{n}", f"<@{BOT}> {QUESTION}") for n in range(30)]
        for message in asked:
            await slack.push(slack.event(message, "app_mention"), -1)
        busy = "ask again in a minute"
        await slack.until(lambda: len(slack.by_bot()) + sum(busy in note.text for note in slack.private) == 30)
        await bot.platform.idle()
    turned_away = {note.only_for for note in slack.private if busy in note.text}
    answered = {message.user for message in asked if slack.by_bot(thread=message.ts)}
    assert turned_away
    assert answered
    assert answered.isdisjoint(turned_away)
    assert len(answered | turned_away) == 30


async def test_where_slack_takes_one_post_at_a_time_every_answer_is_posted(bot: Bot, slack: FakeSlack) -> None:
    slack.pace = 0.4
    asked = [slack.write(CHANNEL, f"U{n}", f"<@{BOT}> {QUESTION}") for n in range(12)]
    for message in asked:
        await slack.push(slack.event(message, "app_mention"), -1)
    await slack.until(lambda: len(slack.by_bot()) + len(slack.private) >= 12, 60)
    await bot.platform.idle()
    assert sorted(m.thread for m in slack.by_bot()) == sorted(m.ts for m in asked)
    assert [note.text for note in slack.private if "post nothing" in note.text] == []


# Once


async def test_what_is_delivered_three_times_is_answered_once(bot: Bot, slack: FakeSlack) -> None:
    message = slack.write(CHANNEL, "U1", f"<@{BOT}> {QUESTION}")
    event = slack.event(message, "app_mention")
    assert len((await bot.hear(event, times=3)).messages) == 1
    assert (await bot.hear(event, times=3)).messages == ()


async def test_a_mention_and_its_message_are_answered_once(bot: Bot, slack: FakeSlack) -> None:
    (answer,) = (await bot.mention(QUESTION)).messages
    message = slack.write(CHANNEL, "U1", f"<@{BOT}> and in Bergen?", answer.thread)
    first = await bot.hear(slack.event(message, "app_mention"))
    second = await bot.hear(slack.event(message))
    assert len(first.messages) + len(second.messages) == 1


async def test_after_a_restart_it_is_still_answered_once(slack: FakeSlack, news: Path) -> None:
    message = slack.write(CHANNEL, "U1", f"<@{BOT}> {QUESTION}")
    event = slack.event(message, "app_mention")
    async with Bot(slack, news) as bot:
        await bot.hear(event)
    async with Bot(slack, news) as bot:
        assert (await bot.hear(event)).messages == ()
        assert "Searched for" in (await bot.say("and in Bergen?", thread=message.ts)).text


async def test_two_hundred_questions_at_once_are_each_answered_once(bot: Bot, slack: FakeSlack) -> None:
    asked = [slack.write(CHANNEL, f"U{n}", f"<@{BOT}> {QUESTION}") for n in range(200)]
    for message in asked:
        event = slack.event(message, "app_mention")
        await slack.send({"type": "events_api", "envelope_id": message.ts, "payload": event})
    await slack.until(lambda: all(slack.acknowledged[m.ts] for m in asked), 120)
    await bot.platform.idle()
    assert sorted(m.thread for m in slack.by_bot()) == sorted(m.ts for m in asked)
    assert any("Many are asking" in m.text for m in slack.private)
