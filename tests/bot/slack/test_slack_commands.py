"""Slash commands, the App Home tab, and who may do what."""

from pathlib import Path

import pytest

from tests.bot.slack import block_kit
from tests.bot.slack.driver import CHANNEL, Bot
from tests.bot.slack.server import FakeSlack, Message
from tests.fakes import HeldEncoder, record, write_jsonl

QUESTION = "Who met in Oslo on Monday?"


@pytest.fixture(autouse=True)
def _an_admin(slack: FakeSlack) -> None:
    slack.admins = {"UADMIN"}


async def test_every_command_answers_in_private(bot: Bot) -> None:
    for name, text, said in [
        ("summary", "grain ships", "every sentence verbatim"),
        ("summary", "Ore from the north", "Iron ore leaves Narvik by ship."),
        ("timeline", "grain talks in Oslo", "8 July 2024"),
        ("timeline", "Grain talks in Oslo end with a deal", "Envoys of both countries met in Oslo on Monday."),
        ("timeline", "grain since:2030", "No dated event on this was found"),
        ("timeline", "?!", "holds no word"),
        ("backchannel", "", "/backchannel answer ID"),
        ("backchannel", "help", "/reindex [full]"),
        ("backchannel", "sources", "5 articles"),
        ("backchannel", "quotes Nansen", "No quotation by “Nansen” was found in 0 articles"),
        ("backchannel", "watch grain", "1: watch on “grain”"),
        ("backchannel", "digest daily", "2: daily digest"),
        ("backchannel", "forget", "Deleted: 0 answers"),
        ("backchannel", "answer", "an answer's id"),
        ("backchannel", "history oslo", "The oldest one that is kept."),
        ("backchannel", "history <https://wire.example/oslo>", "Grain talks in Oslo end with a deal"),
        ("backchannel", "history", "there is no article"),
        ("backchannel", "answer QQQQQQ", "no answer"),
        ("backchannel", "dance", "there is no “dance”"),
        ("ask", "", "blank"),
    ]:
        shown = await bot.command(name, text)
        assert [m.only_for for m in shown.messages] == ["U1"], name
        assert said.casefold() in shown.text.casefold(), (name, text, shown.text)


async def test_an_answer_is_shown_again_and_compared(bot: Bot) -> None:
    answer = await bot.mention(QUESTION)
    answer_id = answer.text.rpartition("answer ")[2].strip()
    again = await bot.command("backchannel", f"answer {answer_id.lower()}")
    assert f"Answer {answer_id}, as given on" in again.text
    assert "Grain talks in Oslo" in again.text
    same = await bot.command("backchannel", f"answer {answer_id} diff")
    assert "Nothing has changed" in same.text


@pytest.mark.parametrize(("name", "text"), [("backchannel", "status"), ("backchannel", "gaps"), ("reindex", "full")])
async def test_what_is_for_admins_is_refused_in_private(bot: Bot, slack: FakeSlack, name: str, text: str) -> None:
    (note,) = (await bot.command(name, text)).messages
    assert "only admins" in note.text.lower()
    assert note.only_for == "U1"
    assert slack.by_bot() == []


async def test_who_is_an_admin_is_asked_once_a_minute(bot: Bot, slack: FakeSlack) -> None:
    assert "Generation" in (await bot.command("backchannel", "status", "UADMIN")).text
    assert "Passages" in (await bot.command("backchannel", "status", "UADMIN")).text
    assert slack.calls["users.info"] == 1


async def test_who_cannot_be_looked_up_is_no_admin(bot: Bot, slack: FakeSlack) -> None:
    slack.errors["users.info"] = "missing_scope"
    assert "Only admins" in (await bot.command("backchannel", "status", "UADMIN")).text


async def test_the_settings_name_admins(slack: FakeSlack, news: Path) -> None:
    async with Bot(slack, news, slack_admins="U1", slack_workspace_admins=False) as bot:
        assert "Generation" in (await bot.command("backchannel", "status", "U1")).text
        assert "Only admins" in (await bot.command("backchannel", "status", "UADMIN")).text
    assert slack.calls["users.info"] == 0


async def test_gaps_come_as_a_table_too(slack: FakeSlack, news: Path) -> None:
    async with Bot(slack, news, threshold=2) as bot:
        none = await bot.command("backchannel", "gaps", "UADMIN")
        assert "No question has gone unanswered" in none.text
        await bot.mention("=SUM(A1) of Oslo")
        shown = await bot.command("backchannel", "gaps", "UADMIN")
        assert "=SUM(A1) of Oslo (1× unanswered)" in shown.text
        assert slack.files == {"gaps.csv": "question,unanswered,voted down\r\n'=SUM(A1) of Oslo,1,0\r\n"}
        assert slack.shared_files == [("DUADMIN", "gaps.csv")]
        slack.errors["files.getUploadURLExternal"] = "missing_scope"
        assert "missing_scope" in (await bot.command("backchannel", "gaps", "UADMIN")).text


# Re-indexing


async def reindexed(slack: FakeSlack, folder: Path, **settings: object) -> Message:
    """Re-index with a new article, held up until progress has been shown; gives the message in the end."""
    feed = write_jsonl(folder.parent / "more.jsonl", record("new", "A new harbour opens in Bodø this week."))
    encoder = HeldEncoder()
    async with Bot(slack, folder, encoder=encoder, **settings) as bot:
        bot.app.service.reindex([str(feed)])
        write_jsonl(feed, record("new", "A newer harbour opens in Bodø this week."))
        encoder.hold.set()
        await slack.deliver(slack.command("/reindex", "", "UADMIN", CHANNEL))
        await slack.until(lambda: slack.calls["chat.update"] > 0)
        assert slack.by_bot()[0].text.startswith("Re-indexing")
        encoder.release.set()
        await bot.platform.idle()
    (message,) = slack.by_bot()
    return message


async def test_an_admin_re_indexes_and_sees_how_far_it_is(slack: FakeSlack, news: Path) -> None:
    message = await reindexed(slack, news)
    assert message.channel == CHANNEL
    assert message.edits[0] == "Re-indexing: waiting."
    assert "1 changed" in message.text


async def test_progress_goes_to_direct_messages_where_only_threads_are_allowed(slack: FakeSlack, news: Path) -> None:
    assert (await reindexed(slack, news, threads_only=True)).channel == "DUADMIN"


async def test_progress_goes_to_direct_messages_where_the_channel_refuses_it(slack: FakeSlack, news: Path) -> None:
    slack.not_in = {CHANNEL}
    assert (await reindexed(slack, news)).channel == "DUADMIN"


async def test_a_re_index_takes_nothing_or_full(bot: Bot) -> None:
    assert "takes nothing or “full”" in (await bot.command("reindex", "now", "UADMIN")).text
    shown = await bot.command("reindex", "full", "UADMIN")
    assert "5 articles" in shown.text


async def test_a_prefix_stands_before_commands(slack: FakeSlack, news: Path) -> None:
    async with Bot(slack, news, slack_command_prefix="news-") as bot:
        assert "Grain talks" in (await bot.command("news-ask", QUESTION)).text
        assert "/news-backchannel sources" in (await bot.command("news-backchannel", "help")).text


# The App Home tab


async def test_the_home_tab_says_what_there_is(bot: Bot, slack: FakeSlack) -> None:
    event = {"type": "app_home_opened", "tab": "home", "channel": "D1", "event_ts": slack.now()}
    await bot.hear(slack.envelope(event | {"user": "U1"}))
    await bot.hear(slack.envelope(event | {"user": "UADMIN"}))
    await bot.hear(slack.envelope(event | {"user": "U3", "tab": "messages"}))
    assert set(slack.homes) == {"U1", "UADMIN"}
    person, admin = (block_kit.shown(slack.homes[user]["blocks"]) for user in ("U1", "UADMIN"))
    assert "5 articles" in person
    assert "How to ask" in person
    assert "Generation" not in person
    assert "Generation" in admin
    assert "Not answered well" in admin


async def test_the_home_tab_without_an_index_says_so(slack: FakeSlack, tmp_path: Path) -> None:
    async with Bot(slack, tmp_path / "new") as bot:
        event = {"type": "app_home_opened", "tab": "home", "user": "U1", "channel": "D1", "event_ts": slack.now()}
        await bot.hear(slack.envelope(event))
        assert "Nothing can be searched yet" in block_kit.shown(slack.homes["U1"]["blocks"])
        assert "no index" in (await bot.mention(QUESTION)).text
