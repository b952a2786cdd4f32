"""Questions in messages, over loopback."""

from __future__ import annotations

import pytest

from bot.app import Application
from tests.bot.discord.driver import Bot, Shown, Start, until
from tests.bot.discord.server import CHANNEL, QUIET, FakeDiscord, dm_of

QUESTION = "Who met in Oslo on Monday?"
SENTENCE = "Envoys of both countries met in Oslo on Monday."


async def answered(server: FakeDiscord, count: int = 1) -> Shown:
    await until(lambda: len(server.posted) >= count)
    return Shown.of(server.posted[-1])


async def silence(bot: Bot, server: FakeDiscord, posted: int = 0) -> None:
    """Nothing more comes of what was said before, since what is said now is answered and is all there is."""
    await server.say(QUESTION, channel=dm_of(99), user=99, direct=True)
    await until(lambda: len(server.posted) > posted)
    await bot.platform.at_rest()
    assert [message["channel_id"] for message in server.posted[posted:]] == [str(dm_of(99))]


async def test_a_mention_is_answered_by_a_reply(bot: Bot, server: FakeDiscord) -> None:
    question = await server.say(QUESTION)

    shown = await answered(server)

    assert SENTENCE in shown.text
    assert "Grain talks in Oslo end with a deal" in shown.text
    assert "The Wire · 9 July 2024 · also in Morning Post (1 independent source)" in shown.text
    assert "As of 10 July 2024" in shown.text
    assert int(server.posted[0]["message_reference"]["message_id"]) == int(question["id"])
    embed = server.posted[0]["embeds"][0]
    assert embed["description"].startswith(f">>> **{SENTENCE}**")
    assert embed["url"].startswith("https://wire.example/oslo#:~:text=Envoys")
    assert shown.buttons[:2] == ("More passages", "Context 1")
    assert {"Related questions", "👍", "👎"} <= set(shown.buttons)
    await until(lambda: server.typing)


async def test_each_message_is_answered_once_however_often_it_is_delivered(bot: Bot, server: FakeDiscord) -> None:
    await server.say(QUESTION, times=3)
    await answered(server)
    await bot.platform.at_rest()

    await server.tell("MESSAGE_CREATE", server.messages[next(iter(server.messages))])

    await silence(bot, server, posted=1)


async def test_a_burst_is_answered_once_each(bot: Bot, server: FakeDiscord) -> None:
    asked = [await server.say(f"{QUESTION} {number}", user=1000 + number) for number in range(200)]

    await until(lambda: len(server.posted) >= 200, seconds=120)
    await bot.platform.at_rest()

    assert sorted(int(m["message_reference"]["message_id"]) for m in server.posted) == sorted(
        int(m["id"]) for m in asked
    )
    # A notice to whoever had to wait is edited into the answer.
    assert all(message["embeds"] for message in server.posted)


async def test_a_direct_message_needs_no_mention_and_goes_on_by_itself(bot: Bot, server: FakeDiscord) -> None:
    here = {"channel": dm_of(1), "direct": True}
    await server.say(QUESTION, **here)
    assert SENTENCE in (await answered(server)).text
    await bot.platform.at_rest()

    await server.say("and the harbour?", **here)

    assert f"Searched for: {QUESTION} and the harbour?" in (await answered(server, 2)).text


async def test_a_reply_to_an_answer_goes_on_from_it(bot: Bot, server: FakeDiscord) -> None:
    await server.say(QUESTION)
    await answered(server)
    await bot.platform.at_rest()
    first = server.posted[0]

    await server.say("and the harbour?", reply_to=first)

    assert f"Searched for: {QUESTION} and the harbour?" in (await answered(server, 2)).text


async def test_elsewhere_in_the_channel_a_question_stands_alone(bot: Bot, server: FakeDiscord) -> None:
    await server.say(QUESTION)
    await answered(server)
    await bot.platform.at_rest()

    await server.say("and the harbour?")

    assert "Searched for" not in (await answered(server, 2)).text


async def test_a_new_topic_lets_go_of_what_went_before(bot: Bot, server: FakeDiscord) -> None:
    await server.say(QUESTION)
    await answered(server)
    await bot.platform.at_rest()

    await server.say("new topic: and the harbour?", reply_to=server.posted[0])

    assert "Searched for" not in (await answered(server, 2)).text


async def test_a_reply_that_cannot_be_read_gets_one_hint(bot: Bot, server: FakeDiscord) -> None:
    await server.say(QUESTION)
    await answered(server)
    await bot.platform.at_rest()

    await server.say("and the harbour?", reply_to=server.posted[0], mention=False)
    hint = await answered(server, 2)
    await bot.platform.at_rest()
    await server.say("hello?", reply_to=server.posted[0], mention=False)

    assert "I cannot see what you wrote" in hint.text
    await silence(bot, server, posted=2)


async def test_other_talk_bots_and_edits_are_not_answered(bot: Bot, server: FakeDiscord) -> None:
    talk = await server.say("nothing for you", mention=False)
    await server.say("a reply among people", mention=False, reply_to=talk)
    await server.say(QUESTION, bot=True)
    question = await server.say("Who met?", user=3)
    await answered(server)
    await server.tell("MESSAGE_UPDATE", {**question, "content": f"{question['content']} in Oslo"})

    await silence(bot, server, posted=1)


async def test_a_mention_alone_is_told_what_to_write(bot: Bot, server: FakeDiscord) -> None:
    await server.say("")

    assert "Write your question" in (await answered(server)).text


async def test_who_asks_too_often_is_told_for_a_while(started: Start, server: FakeDiscord) -> None:
    await started(rate_per_person="1/hour")
    await server.say(QUESTION)
    await answered(server)

    await server.say(QUESTION)

    assert "You have asked 1 question in an hour" in (await answered(server, 2)).text


async def test_of_more_than_may_wait_each_is_answered_or_told_to_ask_again(started: Start, server: FakeDiscord) -> None:
    await started(workers=1, most_waiting=3)

    asked = [await server.say(QUESTION, user=100 + n) for n in range(30)]

    def ended() -> list[bool]:
        """Whether each was turned away."""
        return [
            "ask again in a minute" in m["content"] for m in server.posted if m["embeds"] or "again" in m["content"]
        ]

    await until(lambda: len(ended()) == 30)
    assert set(ended()) == {True, False}
    told = {str(message["message_reference"]["message_id"]) for message in server.posted}
    assert told == {message["id"] for message in asked}


async def test_where_it_may_not_speak_it_is_silent(started: Start, server: FakeDiscord) -> None:
    bot = await started(channels_denied=(str(QUIET),))
    await server.say(QUESTION, channel=QUIET)

    await silence(bot, server)

    pressed = await server.command("ask", {"question": QUESTION}, channel=QUIET)
    await until(lambda: pressed.replies)
    assert "I do not speak in this channel" in Shown.of(*pressed.replies).text
    assert pressed.private


async def test_threads_only_opens_a_thread_for_each_question(started: Start, server: FakeDiscord) -> None:
    bot = await started(threads_only=True)
    question = await server.say(QUESTION, times=2)
    await answered(server)
    await bot.platform.at_rest()

    assert server.threads == {question["id"]: QUESTION}
    assert server.posted[0]["channel_id"] == question["id"]


async def test_where_no_thread_may_be_opened_the_answer_is_mailed(started: Start, server: FakeDiscord) -> None:
    bot = await started(threads_only=True)
    server.forbidden.add(f"threads:{CHANNEL}")
    await server.say(QUESTION)

    await mailed(bot, server)


async def test_where_it_may_not_write_the_answer_is_mailed_and_its_buttons_work(bot: Bot, server: FakeDiscord) -> None:
    server.forbidden.add(str(CHANNEL))
    await server.say(QUESTION)

    await mailed(bot, server)


async def mailed(bot: Bot, server: FakeDiscord) -> None:
    assert SENTENCE in (await answered(server)).text
    await bot.platform.at_rest()
    (message,) = server.posted
    assert message["channel_id"] == str(dm_of(1))
    pressed = await server.press(message, "Context 1", direct=True)
    await until(lambda: pressed.replies)
    assert "The harbour had been closed" in Shown.of(*pressed.replies).text


async def test_an_unknown_outcome_is_not_posted_twice(bot: Bot, server: FakeDiscord) -> None:
    server.fail("POST", rf"/channels/{CHANNEL}/messages", None)
    await server.say(QUESTION)

    await until(lambda: server.requests.count(("POST", f"/channels/{CHANNEL}/messages")) == 2)
    await bot.platform.at_rest()

    assert len(server.posted) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failing_discord_is_asked_again(bot: Bot, server: FakeDiscord, status: int) -> None:
    server.fail("POST", rf"/channels/{CHANNEL}/messages", status)
    await server.say(QUESTION)

    assert SENTENCE in (await answered(server)).text


async def test_an_address_that_discord_refuses_falls_away_and_the_answer_stays(bot: Bot, server: FakeDiscord) -> None:
    server.fail("POST", rf"/channels/{CHANNEL}/messages", 400, code=50035)
    await server.say(QUESTION)

    assert SENTENCE in (await answered(server)).text
    assert all("url" not in embed for embed in server.posted[0]["embeds"])


class BrokenDesk:
    """Fails at everything."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(" ".join(("secret", "text")))


async def test_a_failure_is_told_with_a_reference(
    app: Application, start: Start, server: FakeDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    app.service = BrokenDesk()  # type: ignore[assignment]
    await start(app)
    await server.say(QUESTION)

    shown = await answered(server)

    assert "Something went wrong, and it is not your fault" in shown.text
    assert "secret text" not in caplog.text


async def test_an_abstention_folds_away_what_was_found(started: Start, server: FakeDiscord) -> None:
    bot = await started(threshold=2.0)
    await server.say(QUESTION)

    shown = await answered(server)
    await bot.platform.at_rest()

    assert "The corpus does not seem to answer this.\nIt covers 5 articles" in shown.text
    assert "Nearest headlines:" in shown.text
    assert SENTENCE not in shown.text
    found = await server.press(server.posted[0], "Show what was found")
    await until(lambda: found.replies)
    assert SENTENCE in Shown.of(*found.replies).text


async def test_an_old_answer_is_warned_of(bot: Bot, server: FakeDiscord) -> None:
    await server.say("When is the ferry late? until:2023")

    shown = await answered(server)

    assert "Only articles until 2023-12-31." in shown.text
    assert "The newest article cited is over" in shown.text
