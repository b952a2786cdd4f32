"""Tables as Markdown."""

from __future__ import annotations

import pytest

from benchmarks.tables import Table, markdown, print_tables


def test_a_table_as_markdown() -> None:
    table = Table("Ships", ("name", "grain"))
    table.add("Razoni", "26,527 t")
    assert markdown(table) == "Ships:\n\n| name | grain |\n| --- | --- |\n| Razoni | 26,527 t |"


def test_a_row_must_fit() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Table("Ships", ("name", "grain")).add("Razoni")


@pytest.mark.parametrize("as_markdown", [True, False])
def test_a_table_without_rows_is_not_printed(as_markdown: bool, capsys: pytest.CaptureFixture[str]) -> None:
    full = Table("Ships", ("name",), [("Razoni",)])
    print_tables([Table("Planes", ("name",)), full], as_markdown=as_markdown)
    shown = capsys.readouterr().out
    assert "Razoni" in shown
    assert "Planes" not in shown
