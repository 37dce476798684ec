"""Reads a page as a program would: its numbers, tables, texts, and whatever could act or load."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "input", "hr", "wbr", "use"}


class PageReader(HTMLParser):
    """
    A page, taken apart.

    Attributes:
        figures: the numbers that are named, as text.
        tables: by id: the values of each row's ``<data>`` elements.
        elements: name and attributes of every element.
        text: all that is shown.
        headings: their levels, in order.
    """

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.figures: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []
        self.open: list[str] = []
        self._texts: list[str] = []
        self._table = ""
        self.feed(page)
        self.close()
        assert not self.open, self.open

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self._table = str(given["id"])
            self.tables[self._table] = []
        if tag == "tr":
            self.tables[self._table].append([])
        if tag == "data":
            value = str(given["value"])
            if "data-figure" in given:
                assert self.figures.setdefault(str(given["data-figure"]), value) == value
            if "table" in self.open:
                self.tables[self._table][-1].append(value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self._texts.append(data)

    def rows(self, table: str) -> list[list[float]]:
        """The numbers of a table's rows that have some."""
        return [[float(value) for value in row] for row in self.tables.get(table, []) if row]
