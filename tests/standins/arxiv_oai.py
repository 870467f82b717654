"""arXiv's OAI-PMH over records: ListRecords, GetRecord and Identify, with resumption tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape

from tests.standins.arxiv_query import stamp

Record = dict[str, Any]


class Repository:
    """Lists records by the day they last changed. `expired` tokens are refused."""

    def __init__(self, page: int = 1000) -> None:
        self.page = page
        self.expired: set[str] = set()

    def answer(self, records: list[Record], query: dict[str, str], page: int) -> str:
        """One OAI-PMH document, of at most `page` records."""
        verb = query.get("verb", "")
        if verb == "ListRecords":
            return self._list(records, query, page)
        if verb == "GetRecord":
            wanted = query.get("identifier", "").rpartition(":")[2]
            found = [r for r in records if r["id"] == wanted]
            told = "".join(record(r, query.get("metadataPrefix", "")) for r in found)
            return document(f"<GetRecord>{told}</GetRecord>") if found else failure("idDoesNotExist")
        if verb == "Identify":
            return document("<Identify><repositoryName>arXiv</repositoryName><granularity>YYYY-MM-DD"
                            "</granularity><deletedRecord>persistent</deletedRecord></Identify>")  # fmt: skip
        return failure("badVerb", "Illegal OAI verb")

    def _list(self, records: list[Record], query: dict[str, str], page: int) -> str:
        token = query.get("resumptionToken")
        if token in self.expired or (token and token.count("|") != 4):
            self.expired.discard(token or "")
            return failure("badResumptionToken", "the token has expired")
        if token:
            prefix, archive, first, last, at = token.split("|")
            start = int(at)
        else:
            prefix, archive, start = query.get("metadataPrefix", ""), query.get("set", ""), 0
            first, last = query.get("from", "0001-01-01"), query.get("until", "9999-12-31")
        if prefix not in ("arXivRaw", "oai_dc"):
            return failure("cannotDisseminateFormat")
        found = [r for r in records if first <= changed(r) <= last and in_set(r, archive)]
        found.sort(key=changed)
        if not found:
            return failure("noRecordsMatch", "no records match the request")
        shown, end = found[start : start + page], start + page
        more = "|".join((prefix, archive, first, last, str(end))) if end < len(found) else ""
        mark = f'<resumptionToken cursor="{start}" completeListSize="{len(found)}">{more}</resumptionToken>'
        told = "".join(record(r, prefix) for r in shown)
        return document(f"<ListRecords>{told}{mark if len(found) > page or start else ''}</ListRecords>")


def changed(record: Record) -> str:
    """The day a record last changed."""
    day = stamp(record, "updated")
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}"


def in_set(record: Record, archive: str) -> bool:
    """Whether a record belongs to a set."""
    archives = {c.partition(".")[0] for c in record.get("categories") or ["cs.CL"]}
    return not archive or archive.rpartition(":")[2] in archives


def record(held: Record, prefix: str) -> str:
    """One record, in the format asked for."""
    header = (
        f"<header><identifier>oai:arXiv.org:{held['id']}</identifier><datestamp>{changed(held)}</datestamp>"
        "<setSpec>cs</setSpec></header>"
    )
    told = raw(held) if prefix == "arXivRaw" else plain(held)
    return f"<record>{header}<metadata>{told}</metadata></record>"


def raw(held: Record) -> str:
    """arXivRaw: every version with its date."""
    number = held.get("version") or 1
    versions = "".join(
        f'<version version="v{n}"><date>{_rfc(held, n, number)}</date><size>100kb</size>'
        "<source_type>D</source_type></version>"
        for n in range(1, number + 1)
    )
    comment = f"<comments>{escape(held['comment'])}</comments>" if held.get("comment") else ""
    return (
        f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{held["id"]}</id><submitter>A</submitter>'
        f"{versions}<title>{escape(held['title'])}</title>"
        f"<authors>{escape(', '.join(held.get('authors', ['A'])))}</authors>"
        f"<categories>{' '.join(held.get('categories') or ['cs.CL'])}</categories>{comment}"
        f"<abstract>  {escape(held['abstract'])}\n</abstract></arXivRaw>"
    )


def plain(held: Record) -> str:
    """oai_dc: Dublin Core, without versions."""
    comment = (
        f"<dc:description>Comment: {escape(held['comment'])}</dc:description>" if held.get("comment") else ""
    )
    creators = "".join(f"<dc:creator>{escape(a)}</dc:creator>" for a in held.get("authors", ["A"]))
    return (
        '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(held['title'])}</dc:title>{creators}"
        f"<dc:description>  {escape(held['abstract'])}</dc:description>{comment}"
        f"<dc:date>{changed(held | {'updated': None})}</dc:date></oai_dc:dc>"
    )


def _rfc(held: Record, number: int, last: int) -> str:
    day = stamp(held, "published" if number == 1 else "updated")
    moment = datetime.strptime(day, "%Y%m%d%H%M").replace(tzinfo=UTC)
    return format_datetime(moment - timedelta(days=0 if number in (1, last) else 1), usegmt=True)


def document(inside: str) -> str:
    """An OAI-PMH document."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<responseDate>2026-09-01T00:00:00Z</responseDate><request>http://localhost/oai</request>{inside}</OAI-PMH>"
    )


def failure(code: str, said: str = "") -> str:
    """An OAI-PMH error."""
    return document(f'<error code="{code}">{said}</error>')
