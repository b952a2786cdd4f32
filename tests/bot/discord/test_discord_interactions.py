"""Commands, buttons and forms, over loopback."""

from __future__ import annotations

import pytest

from bot.app import Application
from corpus.journal import Gap
from tests.bot.discord.driver import Bot, Shown, Start, until
from tests.bot.discord.server import ADMIN, CHANNEL, FakeDiscord, Pressed, dm_of

QUESTION = "Who met in Oslo on Monday?"
SENTENCE = "Envoys of both countries met in Oslo on Monday."


async def seen(pressed: Pressed, count: int = 1) -> Shown:
    await until(lambda: len(pressed.replies) >= count)
    return Shown.of(*pressed.replies)


async def test_ask_is_private_until_it_is_shared(bot: Bot, server: FakeDiscord) -> None:
    asked = await server.command("ask", {"question": QUESTION, "since": "2024"}, times=3)
    shown = await seen(asked)
    await bot.platform.at_rest()

    assert asked.callbacks[0] == {"type": 5, "data": {"flags": 64}}
    assert f"Asked: {QUESTION}" in shown.text
    assert SENTENCE in shown.text
    assert "Only articles since 2024-01-01" in shown.text
    assert shown.buttons[-1] == "Share in channel"
    assert len(asked.replies) == 1
    assert server.posted == []

    shared = await server.press(asked.replies[0], "Share in channel")
    public = await seen(shared)
    assert SENTENCE in public.text
    assert f"Asked: {QUESTION}" in public.text
    assert not public.private
    await bot.platform.at_rest()
    again = await server.press(asked.replies[0], "Share in channel", user=1)
    assert "in the channel already" in (await seen(again)).text
    assert again.private


async def test_an_answer_that_is_outdated_when_it_is_shared_says_so(bot: Bot, server: FakeDiscord) -> None:
    asked = await server.command("ask", {"question": QUESTION})
    await seen(asked)
    bot.app.catalogue.remove_feed(bot.app.catalogue.feeds()[0].name)

    shared = await seen(await server.press(asked.replies[0], "Share in channel"))

    assert SENTENCE in shared.text
    assert "as given on" in shared.text
    assert "The article has been removed since (seen " in shared.text
    assert not shared.private


async def test_a_reply_to_a_shared_answer_goes_on_from_it(bot: Bot, server: FakeDiscord) -> None:
    asked = await server.command("ask", {"question": QUESTION})
    await seen(asked)
    shared = await server.press(asked.replies[0], "Share in channel")
    await seen(shared)
    await bot.platform.at_rest()

    await server.say("and the harbour?", reply_to=shared.replies[0], user=2)

    await until(lambda: server.posted)
    assert f"Searched for: {QUESTION} and the harbour?" in Shown.of(*server.posted).text


async def test_in_a_direct_message_nothing_is_hidden(bot: Bot, server: FakeDiscord) -> None:
    asked = await server.command("ask", {"question": QUESTION}, channel=dm_of(1), direct=True)

    shown = await seen(asked)

    assert not asked.private
    assert "Share in channel" not in shown.buttons


async def test_ask_about_a_message(bot: Bot, server: FakeDiscord) -> None:
    talk = await server.say("Envoys met in Oslo, I heard", mention=False)
    asked = await server.command("Ask about this", target={**talk, "content": "Envoys met in Oslo, I heard"})

    assert SENTENCE in (await seen(asked)).text
    assert asked.private


async def test_a_bad_question_is_refused_in_words(bot: Bot, server: FakeDiscord) -> None:
    shown = await seen(await server.command("ask", {"question": "?!"}))

    assert shown.private
    assert shown.text.endswith((".", "?"))


async def test_buttons_work_after_a_restart(bot: Bot, start: Start, app: Application, server: FakeDiscord) -> None:
    await server.say(QUESTION)
    await until(lambda: server.posted)
    await bot.stop()
    await start(app)
    (message,) = server.posted

    more = await server.press(message, "More passages", times=3)
    assert "Whales are seen there from November" in (await seen(more)).text
    context = await server.press(message, "Context 1", user=2)
    assert "The harbour had been closed" in (await seen(context)).text
    good = await server.press(message, "👍")
    assert "Thank you: good to know." in (await seen(good)).text
    assert more.private
    assert more.refused == 2


async def test_related_questions_ask(bot: Bot, server: FakeDiscord) -> None:
    await server.say(QUESTION)
    await until(lambda: server.posted)
    related = await server.press(server.posted[0], "Related questions")
    questions = await seen(related)

    asked = await server.press(related.replies[0], questions.buttons[0])

    shown = await seen(asked)
    assert f"Asked: {questions.buttons[0]}" in shown.text
    assert shown.private


async def test_a_down_vote_asks_why_also_across_a_restart(
    bot: Bot, start: Start, app: Application, server: FakeDiscord
) -> None:
    await server.say(QUESTION)
    await until(lambda: server.posted)
    pressed = await server.press(server.posted[0], "👎")
    await until(lambda: pressed.callbacks)
    form = pressed.callbacks[0]
    assert form["type"] == 9
    await bot.stop()
    await start(app)

    sent = await server.submit(form["data"], "out of date")

    assert "an admin will find it among the gaps" in (await seen(sent)).text
    assert sent.private
    assert app.journal.gaps("discord:100", 5) == [Gap(QUESTION, 0, 1)]


async def test_a_stranger_cannot_see_an_answer_of_elsewhere(bot: Bot, server: FakeDiscord) -> None:
    asked = await server.command("ask", {"question": QUESTION})
    answer_id = (await seen(asked)).text.partition("answer ")[2][:6]

    again = await server.command("answer", {"id": answer_id})
    assert "as given on" in (await seen(again)).text
    diff = await server.command("answer", {"id": answer_id.lower(), "diff": True})
    assert "Nothing has changed" in (await seen(diff)).text
    elsewhere = await server.command("answer", {"id": answer_id}, user=2, channel=201)
    assert "There is no answer" in (await seen(elsewhere)).text


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("sources", {}, "5 articles"),
        ("help", {}, "Ask about this"),
        ("forget", {}, "Deleted: 0 answers"),
        ("history", {"article": "Storm delays the ferry"}, "The oldest one that is kept."),
        ("history", {"article": "nobody"}, "There is no article"),
        ("status", {}, "Only admins of the bot"),
        ("gaps", {}, "Only admins of the bot"),
        ("reindex", {}, "Only admins of the bot"),
    ],
)
async def test_other_commands(bot: Bot, server: FakeDiscord, name: str, options: dict[str, str], says: str) -> None:
    shown = await seen(await server.command(name, options))

    assert says in shown.text
    assert shown.private
    assert server.posted == []


async def test_a_summary_is_for_all_and_cites_each_sentence(bot: Bot, server: FakeDiscord) -> None:
    shown = await seen(await server.command("summary", {"topic": "oslo"}))

    assert "[1] Grain talks in Oslo end with a deal · The Wire · 9 July 2024" in shown.text
    assert not shown.private


async def test_a_timeline_is_for_all_and_cites_each_event(bot: Bot, server: FakeDiscord) -> None:
    shown = await seen(await server.command("timeline", {"topic": "oslo"}))

    assert "8 July 2024 Envoys of both countries met in Oslo on Monday." in shown.text.replace("*", "")
    assert "Grain talks in Oslo end with a deal · The Wire · 9 July 2024" in shown.text
    assert not shown.private


async def test_a_timeline_takes_filters(bot: Bot, server: FakeDiscord) -> None:
    options = {"topic": "grain talks", "since": "2024-07", "until": "2024-08", "source": "The Wire"}
    shown = await seen(await server.command("timeline", options))

    assert "Only events since 2024-07-01, until 2024-08-31, from The Wire." in shown.text.replace("\\", "")
    assert "Envoys of both countries met in Oslo on Monday." in shown.text


async def test_quotes_take_a_person_and_filters(bot: Bot, server: FakeDiscord) -> None:
    options = {"person": "Nansen", "since": "2024-06", "until": "2024", "source": "The Wire"}
    shown = await seen(await server.command("quotes", options))
    assert "No quotation by “Nansen” was found in 0 articles with the name." in shown.text
    assert "Only articles since 2024-06-01, until 2024-12-31, from The Wire." in shown.text
    assert not shown.private


@pytest.mark.parametrize("command", ["summary", "timeline"])
async def test_titles_complete_a_topic(bot: Bot, server: FakeDiscord, command: str) -> None:
    typed = await server.command(command, {"topic": "grain"}, focused="topic")
    await until(lambda: typed.callbacks)

    choices = {choice["value"]: choice["name"] for choice in typed.callbacks[0]["data"]["choices"]}

    assert choices == {"oslo": "Grain talks in Oslo end with a deal", "copy": "Deal on grain"}


async def test_an_admin_sees_the_gaps_as_a_table_too(started: Start, server: FakeDiscord) -> None:
    await started(threshold=2.0)
    await seen(await server.command("ask", {"question": "=who are you?"}))

    shown = await server.command("gaps", user=ADMIN)

    assert "=who are you? (1 unanswered, 0 voted down)" in (await seen(shown)).text
    assert "'=who are you?,1,0" in shown.replies[0]["attachments"][0]["content"]
    status = await server.command("status", user=ADMIN)
    assert "passages" in (await seen(status)).text


async def test_a_reindex_is_told_in_a_message_that_is_edited(bot: Bot, server: FakeDiscord) -> None:
    pressed = await server.command("reindex", {"full": True}, user=ADMIN)

    await until(lambda: server.edits and "Generation" in Shown.of(server.edits[-1]).text)
    assert "the message below" in (await seen(pressed)).text
    (message,) = server.posted
    assert message["channel_id"] == str(CHANNEL)
    assert "5 articles" in Shown.of(message).text


async def test_a_reindex_where_it_may_not_write_is_told_in_a_direct_message(bot: Bot, server: FakeDiscord) -> None:
    server.forbidden.add(str(CHANNEL))
    pressed = await server.command("reindex", user=ADMIN)

    await until(lambda: server.edits and "Generation" in Shown.of(server.edits[-1]).text)
    assert server.posted[0]["channel_id"] == str(dm_of(ADMIN))
    assert "a direct message" in (await seen(pressed)).text


async def test_an_expired_interaction_is_survived(bot: Bot, server: FakeDiscord) -> None:
    server.fail("POST", r"/interactions/.*", 404, code=10062)
    lost = await server.command("ask", {"question": QUESTION})

    assert SENTENCE in (await seen(await server.command("ask", {"question": QUESTION}))).text
    assert lost.replies == []


async def test_a_command_of_another_version_is_told_so(bot: Bot, server: FakeDiscord) -> None:
    assert "has changed" in (await seen(await server.command("gossip"))).text


async def test_before_it_stops_it_says_so(bot: Bot, server: FakeDiscord) -> None:
    await bot.platform.close()

    assert "about to restart" in (await seen(await server.command("ask", {"question": QUESTION}))).text
