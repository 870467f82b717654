"""The Atom feed of a home (RFC 4287): one entry a run that had something to say. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from agent.telling.message import Message, as_html, as_text

ATOM = "http://www.w3.org/2005/Atom"
MOST = 52
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document holds (XML 1.0, section 2.2)."""


def feed(messages: Sequence[Message], home: str) -> str:
    """The feed as XML, newest first. `home` tells this feed's ids from others'."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})  # type: ignore[dict-item]  # None is the default namespace
    _add(root, "id", f"tag:retest,2026:{home}")
    _add(root, "title", "Retest: what changed")
    newest = max((m.finished_at for m in messages), default="1970-01-01T00:00:00+00:00")
    _add(root, "updated", newest)
    author = etree.SubElement(root, f"{{{ATOM}}}author")
    _add(author, "name", "Retest")
    for message in sorted(messages, key=lambda m: m.finished_at, reverse=True)[:MOST]:
        entry = etree.SubElement(root, f"{{{ATOM}}}entry")
        _add(entry, "id", f"tag:retest,2026:{home}:{message.run_id}")
        _add(entry, "title", message.subject)
        _add(entry, "updated", message.finished_at)
        _add(entry, "summary", as_text(message))
        _add(entry, "content", as_html(message)).set("type", "html")
    told: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return told.decode()


def _add(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    element.text = _NOT_XML.sub("", text)
    return element
