"""The report as an RO-Crate 1.1 (https://w3id.org/ro/crate/1.1): its files and their provenance. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agent.reports.schema import ReportDocument

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
MEDIA = {
    "md": "text/markdown", "json": "application/json", "csv": "text/csv", "bib": "application/x-bibtex",
    "ris": "application/x-research-info-systems", "html": "text/html", "pdf": "application/pdf",
}  # fmt: skip


def metadata(report: ReportDocument, files: Mapping[str, bytes]) -> str:
    """The contents of ro-crate-metadata.json for the files next to it."""
    listed = [
        {"@id": name, "@type": "File", "name": name, "contentSize": str(len(body)),
         "encodingFormat": MEDIA[name.rpartition(".")[2]]}
        for name, body in sorted(files.items())
    ]  # fmt: skip
    papers = [
        {"@id": q.url, "@type": "ScholarlyArticle", "name": q.title, "datePublished": q.published}
        for q in report.cited
    ]
    run = _run(report, [f["@id"] for f in listed], [p["@id"] for p in papers])
    root = {
        "@id": "./", "@type": "Dataset", "name": f"Claim status report, {report.day}",
        "description": "Dated research claims, each retested against newer arXiv papers.",
        "datePublished": report.day, "license": {"@id": LICENSE["@id"]},
        "hasPart": _ids(listed), "citation": _ids(papers), "mentions": _ids(run[:1]),
    }  # fmt: skip
    about = {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"},
             "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}}  # fmt: skip
    graph = [about, root, LICENSE, *listed, *papers, *run]
    return json.dumps({"@context": CONTEXT, "@graph": graph}, indent=1, ensure_ascii=False) + "\n"


LICENSE: dict[str, Any] = {
    "@id": "https://creativecommons.org/publicdomain/zero/1.0/", "@type": "CreativeWork", "name": "CC0 1.0",
    "description": "arXiv's metadata is CC0. Quotes belong to the authors of the papers they name.",
}  # fmt: skip


def _run(report: ReportDocument, files: list[str], papers: list[str]) -> list[dict[str, Any]]:
    """The run as an action: its inputs, settings, rule and prompts, and its outputs."""
    if report.run is None:
        return []
    settings = [
        {"@id": f"#setting-{n}", "@type": "PropertyValue", "name": name, "value": str(value)}
        for n, (name, value) in enumerate(report.run.settings.items())
    ]  # fmt: skip
    prompts = [
        {"@id": f"#prompt-{x.name}", "@type": "CreativeWork", "name": x.name, "version": str(x.version),
         "identifier": f"sha256:{x.sha256}"}
        for x in report.prompts
    ]  # fmt: skip
    rules = ", ".join(map(str, report.rule_versions)) or "none"
    tool = {"@id": "#retest", "@type": "SoftwareApplication", "name": "Retest",
            "version": report.product.split()[-1], "description": f"rule version {rules}"}  # fmt: skip
    action = {
        "@id": f"#{report.run.id}", "@type": "CreateAction", "name": f"Retest as of {report.run.as_of}",
        "startTime": report.run.started_at, "endTime": report.run.finished_at or "",
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        "description": f"{report.run.health}; source {report.run.source}; judge {report.run.judge}",
        "instrument": {"@id": "#retest"}, "object": [{"@id": i} for i in papers] + _ids(settings + prompts),
        "result": [{"@id": i} for i in files],
    }  # fmt: skip
    return [action, tool, *settings, *prompts]


def _ids(things: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"@id": thing["@id"]} for thing in things]
