"""The Atom feed of a home (RFC 4287): one entry per run with something to report. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from agent.telling.message import News, as_html, as_text

ATOM = "http://www.w3.org/2005/Atom"
MOST = 52
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that are not allowed in XML (XML 1.0, section 2.2)."""


def feed(news: Sequence[News], home: str) -> str:
    """The feed as XML, newest first. `home` keeps this feed's ids distinct from those of other feeds."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})  # type: ignore[dict-item]  # None is the default namespace
    _add(root, "id", f"tag:retest,2026:{home}")
    _add(root, "title", "Retest: what changed")
    newest = max((n.finished_at for n in news), default="1970-01-01T00:00:00+00:00")
    _add(root, "updated", newest)
    author = etree.SubElement(root, f"{{{ATOM}}}author")
    _add(author, "name", "Retest")
    for one in sorted(news, key=lambda n: n.finished_at, reverse=True)[:MOST]:
        entry = etree.SubElement(root, f"{{{ATOM}}}entry")
        _add(entry, "id", f"tag:retest,2026:{home}:{one.run_id}")
        _add(entry, "title", one.subject)
        _add(entry, "updated", one.finished_at)
        _add(entry, "summary", as_text(one))
        _add(entry, "content", as_html(one)).set("type", "html")
    xml: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return xml.decode()


def _add(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    element.text = _NOT_XML.sub("", text)
    return element
