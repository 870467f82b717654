"""arXiv listings over OAI-PMH: every record that changed in a window, with all its versions.

Protocol: http://www.openarchives.org/OAI/openarchivesprotocol.html; arXiv's formats arXivRaw (versions,
dates, comments) and oai_dc (no versions) are supported: https://info.arxiv.org/help/oa/index.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from lxml import etree

from agent.adapters.arxiv.authors import split_authors
from agent.adapters.arxiv.fetch_plan import Window
from agent.adapters.arxiv.http import Answer, ArxivHttp
from agent.adapters.arxiv.withdrawals import is_withdrawal
from agent.arxiv_ids import parse_id
from agent.errors import SourceError
from store.records import Paper

OAI_URL = "https://oaipmh.arxiv.org/oai"
FRESH_STARTS = 2
_NOTHING = "noRecordsMatch"
_EXPIRED = "badResumptionToken"


class ArxivListing:
    """An OAI-PMH repository, listed page by page."""

    def __init__(self, http: ArxivHttp, url: str = OAI_URL) -> None:
        self._http, self.url = http, url
        self.unreadable = 0

    def changed(self, archive: str, window: Window) -> Iterator[Paper]:
        """Yield the newest record of every paper of an archive that changed in a window.

        An expired token restarts the listing, and an empty listing is requested again; a paper may be
        yielded twice. Raises SourceError if a page cannot be fetched or the listing breaks off.
        """
        for left in range(FRESH_STARTS, -1, -1):
            found = False
            try:
                for paper in self._pages(archive, window):
                    found = True
                    yield paper
            except _Expired:
                if not left:
                    raise SourceError("arXiv's listing expired before it was complete", "try later") from None
                continue
            if found:
                return

    def _pages(self, archive: str, window: Window) -> Iterator[Paper]:
        query = {"metadataPrefix": "arXivRaw", "from": window.first, "until": window.last}
        params: dict[str, str] | None = query | ({"set": archive} if archive else {})
        seen, total = set[str](), 0
        while params:
            root = self._page({"verb": "ListRecords", **params})
            records = root.findall(".//{*}ListRecords/{*}record")
            if not records and seen:
                raise SourceError(f"arXiv's listing breaks off after {len(seen)} records", "try later")
            seen |= {r.findtext("{*}header/{*}identifier") or "" for r in records}
            yield from self._papers(records)
            token = root.find(".//{*}ListRecords/{*}resumptionToken")
            text = (token.text or "").strip() if token is not None else ""
            size = token.get("completeListSize", "") if token is not None else ""
            total = max(total, int(size) if size.isdecimal() else 0)
            params = {"resumptionToken": text} if text else None
        if len(seen) < total:
            raise SourceError(f"arXiv's listing returned {len(seen)} of {total} records", "try later")

    def _papers(self, records: Sequence[Any]) -> Iterator[Paper]:
        for record in records:
            try:
                paper = paper_of(record)
            except (ValueError, TypeError, IndexError):
                self.unreadable += 1
                continue
            if paper:
                yield paper

    def _page(self, params: dict[str, str]) -> Any:
        answer = self._http.get(f"{self.url}?{urlencode(params)}", check=_what_is_wrong)
        root = _parsed(answer.body)
        error = root.find("{*}error")
        if error is not None and error.get("code") == _EXPIRED:
            raise _Expired
        if error is not None and error.get("code") != _NOTHING:
            raise SourceError(
                f"arXiv rejected the listing: {error.get('code')} {error.text or ''}", "report it"
            )
        return root


class _Expired(Exception):
    """The resumption token has expired."""


def _parsed(body: bytes) -> Any:
    return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))


def _what_is_wrong(answer: Answer) -> str:
    if answer.status != 200:
        return f"HTTP {answer.status}"
    try:
        root = _parsed(answer.body)
    except etree.XMLSyntaxError:
        return "a response that is not complete OAI-PMH"
    named = etree.QName(root).localname
    return "" if named == "OAI-PMH" else "a response that is not OAI-PMH"


def paper_of(record: Any) -> Paper | None:
    """Build a paper from a record in arXivRaw or oai_dc; None for a deleted one.

    Raises ValueError, TypeError or IndexError if the record is malformed.
    """
    raw = record.find("{*}metadata/{*}arXivRaw")
    if raw is not None:
        return _from_raw(raw)
    plain = record.find("{*}metadata/{*}dc")
    parsed = parse_id((record.findtext("{*}header/{*}identifier") or "").rpartition(":")[2])
    return _from_dc(parsed[0], plain) if plain is not None and parsed else None


def _from_raw(raw: Any) -> Paper | None:
    parsed = parse_id(raw.findtext("{*}id") or "")
    versions = raw.findall("{*}version")
    if parsed is None or not versions:
        return None
    days = [_day(v.findtext("{*}date") or "") for v in versions]
    comment = " ".join((raw.findtext("{*}comments") or "").split()) or None
    abstract = " ".join((raw.findtext("{*}abstract") or "").split())
    version = int(versions[-1].get("version", "v1").lstrip("v"))
    return Paper(
        id=parsed[0],
        title=" ".join((raw.findtext("{*}title") or "").split()),
        abstract=abstract,
        published=days[0],
        version=version,
        authors=split_authors(raw.findtext("{*}authors") or ""),
        categories=tuple((raw.findtext("{*}categories") or "").split()),
        updated=days[-1],
        comment=comment,
        withdrawn=is_withdrawal(comment, abstract, version)
        or (versions[-1].findtext("{*}source_type") or "") == "I",
    )


def _from_dc(paper_id: str, plain: Any) -> Paper:
    descriptions = [" ".join((d.text or "").split()) for d in plain.findall("{*}description")]
    comments = [d.removeprefix("Comment: ") for d in descriptions if d.startswith("Comment: ")]
    abstract = next((d for d in descriptions if not d.startswith("Comment: ")), "")
    days = sorted(d.text or "" for d in plain.findall("{*}date"))
    names = [" ".join(reversed((c.text or "").split(", "))) for c in plain.findall("{*}creator")]
    return Paper(
        id=paper_id,
        title=" ".join((plain.findtext("{*}title") or "").split()),
        abstract=abstract,
        published=days[0],
        authors=tuple(names),
        updated=days[-1],
        comment=comments[0] if comments else None,
        withdrawn=is_withdrawal(comments[0] if comments else None, abstract),
    )


def _day(text: str) -> str:
    return parsedate_to_datetime(text).date().isoformat()
