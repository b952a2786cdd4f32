"""The driver that plays scenarios shared by all platforms."""

from pathlib import Path

from tests.bot.slack.driver import SlackDriver


async def test_a_scenario_is_played(news: Path) -> None:
    driver = SlackDriver(news, slack_admins="UADMIN")
    await driver.start()
    answer = await driver.ask("Who met in Oslo on Monday?")
    assert "Grain talks in Oslo" in answer.text
    assert "More passages" in answer.buttons
    assert "Searched for" in (await driver.follow_up("and in Bergen?")).text
    await driver.restart()
    assert (await driver.press("Context 1")).text
    assert "Thank you" in (await driver.down_vote("other", "U2")).text
    assert "voted down" in (await driver.command("gaps", user="UADMIN")).text
    assert "5 articles" in (await driver.command("reindex", "full", "UADMIN")).text
    assert "Deleted: 2 answers" in (await driver.command("forget")).text
    await driver.stop()
