"""Print answers as they arrive: statements, then their sources. External text is made safe to print."""

from __future__ import annotations

from typing import Any

from agent.chat.answer import EXTRACTION, SIDES
from agent.text import without_controls

_COLOUR = {"still-holds": "green", "relaxed": "yellow", "contradicted": "red", "none yet": "dim",
           "open": "cyan", "no challenge found": "dim",
           "supports": "green", "relaxes": "yellow", "contradicts": "red"}  # fmt: skip
_TOOLS = {
    "search_claims": "searching the claims", "show_claim": "reading a claim",
    "search_evidence": "searching the evidence", "compare_dates": "comparing two dates",
    "find_newer": "looking for newer papers", "start_retest": "starting a retest",
    "export_report": "writing the report",
}  # fmt: skip


class Printer:
    """Prints the events of one answer to a console."""

    def __init__(self, console: Any) -> None:
        self._console = console
        self._labels: dict[str, str] = {}
        self._has_printed = self._is_retracted = False

    def show(self, event: dict[str, Any]) -> None:
        """Print one event; skip those not meant for people."""
        handler = getattr(self, f"_{event['kind']}", None)
        if handler:
            handler(event)

    def _found(self, event: dict[str, Any]) -> None:
        if event["claims"] and self._console.is_terminal:
            self._console.print(f"{len(event['claims'])} related claims …", style="dim")

    def _tool(self, event: dict[str, Any]) -> None:
        if self._console.is_terminal:
            self._console.print(f"{_TOOLS.get(event['name'], event['name'])} …", style="dim")

    def _retracted(self, _: dict[str, Any]) -> None:
        if self._has_printed:
            self._console.print("The above was the model's reasoning, not its answer.", style="italic")
        self._has_printed, self._is_retracted = False, True

    def _sentence(self, event: dict[str, Any]) -> None:
        if self._is_retracted:
            return  # the whole answer is printed once it is complete
        self._has_printed = True
        self._say(event["text"], event["role"], [self._label(c["ref"]) for c in event["cites"]])

    def _answer(self, answer: dict[str, Any]) -> None:
        if answer["note"]:
            self._console.print(_plain(answer["note"]), style="italic")
        if not self._has_printed:
            for s in answer["sentences"]:
                self._say(s["text"], s["role"], s["cites"])
        brief = answer["answered_by"] == EXTRACTION  # what a source says was printed above
        self._list("Sources", [(f"{s['label']}  ", s) for s in answer["sources"]], brief=brief)
        self._list("Leads, not counted", [("·  ", s) for s in answer["leads"]])
        self.papers(answer["papers"])
        if answer["next_lines"]:
            self._console.print("Next lines", style="bold")
        for line in answer["next_lines"]:
            self._console.print(f"·  {_plain(line['text'])}")
        for did in answer["did"]:
            self._console.print(_plain(did), style="italic")
        if answer["left_out"]:
            count = len(answer["left_out"])
            self._console.print(f"{count} ungrounded statement{'s' if count > 1 else ''} left out: "
                                f"{_plain(answer['left_out'][0])}", style="dim")  # fmt: skip

    def _stopped(self, _: dict[str, Any]) -> None:
        self._console.print("stopped", style="dim")

    def _say(self, text: str, role: str, labels: list[str]) -> None:
        from rich.text import Text

        line = Text(f"{SIDES[role]}: " if role in SIDES else "", style="bold")
        line.append(_plain(text), style="not bold")
        line.append(f" [{', '.join(labels)}]", style="cyan not bold")
        self._console.print(line)
        self._console.print()

    def _list(self, title: str, rows: list[tuple[str, dict[str, Any]]], *, brief: bool = False) -> None:
        if rows:
            self._console.print(title, style="bold")
        for mark, source in rows:
            self._console.print(_source(mark, source, brief=brief))
        if rows:
            self._console.print()

    def papers(self, papers: list[dict[str, Any]]) -> None:
        """Print papers that have not been judged."""
        from rich.text import Text

        if papers:
            self._console.print("Papers not judged yet", style="bold")
        for paper in papers:
            line = Text("·  ")
            line.append(f"arXiv:{paper['arxiv_id']}", style=f"link {paper['url']}")
            line.append(f" {_plain(paper['title'])}, {paper['published']}")
            self._console.print(line)
        if papers:
            self._console.print()

    def _label(self, ref: str) -> str:
        return self._labels.setdefault(ref, f"S{len(self._labels) + 1}")


def _source(mark: str, source: dict[str, Any], *, brief: bool) -> Any:
    from rich.text import Text

    line = Text(mark, style="cyan")
    if source["kind"] == "evidence":
        line.append("" if brief else f"“{_plain(source['quote'])}” ", style="default")
        line.append(f"arXiv:{source['arxiv_id']}", style=f"default link {source['url']}")
        line.append(f" {_plain(source['title'])}, {source['published']}, ", style="dim")
        line.append(source["stance"], style=_COLOUR.get(source["stance"], ""))
    elif source["kind"] == "verdict":
        line.append("" if brief else f"{_plain(source['text'])} ", style="default")
        line.append(f"{source['before']} → {source['verdict']}", style=_COLOUR.get(source["verdict"], ""))
        line.append(f" on {source['decided_at'][:10]}", style="dim")
    else:
        line.append(f"{source['id']} " if brief else f"{_plain(source['text'])} ", style="default")
        line.append(source["verdict"], style=_COLOUR.get(source["verdict"], ""))
        about = (source["basis"], f"as of {source['as_of'] or 'unknown'}", source["age"])
        line.append("".join(f", {part}" for part in about if part), style="dim")
        line.append("" if brief else f", {source['id']}", style="dim")
    return line


def _plain(text: str) -> str:
    return " ".join(without_controls(text).split())
