"""Tables for the terminal, and the same ones as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table as RichTable


@dataclass(slots=True)
class Table:
    """Cells as they are shown."""

    title: str
    columns: Sequence[str]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row.

        Raises:
            ValueError: it has not a cell for each column.
        """
        if len(cells) != len(self.columns):
            raise ValueError(f"{self.title}: {len(cells)} cells for {len(self.columns)} columns")
        self.rows.append(cells)


def markdown(table: Table) -> str:
    """Title and table as Markdown."""
    lines = [table.columns, ["---"] * len(table.columns), *table.rows]
    return "\n".join([f"{table.title}:", "", *(f"| {' | '.join(cells)} |" for cells in lines)])


def print_tables(tables: Sequence[Table], *, as_markdown: bool) -> None:
    """Print them on standard output; those without a row are left out."""
    shown = [table for table in tables if table.rows]
    if as_markdown:
        print("\n\n".join(map(markdown, shown)))
        return
    for table in shown:
        drawn = RichTable(*table.columns, title=table.title)
        for row in table.rows:
            drawn.add_row(*row)
        Console().print(drawn)
