"""Every setting: its name, default and meaning, and where its value came from.

The precedence is flag, environment, `retest.toml` in the home, default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from agent.errors import SettingsError

MASK, LONG = "****", 16
PACKAGED = "packaged-minilm"


def setting(default: Any, meaning: str, *env: str, secret: bool = False) -> Any:
    """Declare a setting; `env` names further environment variables that set it."""
    return field(default=default, metadata={"meaning": meaning, "env": env, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """The settings of a command. `RETEST_<NAME>` in the environment sets each of them."""

    source: str = setting("arxiv", "where papers come from: arxiv or snapshot")
    snapshot: str = setting("", "path of a snapshot file or folder, for source snapshot")
    judge: str = setting("embedded", "what judges stances: embedded or llm")
    model: str = setting("gpt-5-mini", "chat model that the llm judge uses")
    api_key: str = setting("", "key of the LLM endpoint", "OPENAI_API_KEY", secret=True)
    base_url: str = setting("", "URL of an OpenAI-compatible endpoint", "OPENAI_BASE_URL")
    llm_timeout: float = setting(120.0, "seconds to wait for one LLM answer")
    llm_tokens: int = setting(4000, "most tokens of one LLM answer, reasoning included")
    llm_threshold: float = setting(0.6, "LLM findings weaker than this are leads")
    budget: float = setting(0.0, "dollars a run may spend; 0 means no cap (prices: prices.toml in the home)")
    claim_budget: float = setting(0.0, "dollars a run may spend on one claim; 0 means no cap")
    batch: int = setting(0, "1 sends the llm judge's questions through the provider's batch API")
    writer: str = setting(
        "auto", "what writes questions and reconciliations: llm, none, or auto (llm where it judges)"
    )
    cascade: float = setting(
        0.1, "papers that the embedded model scores below this are not sent to the LLM; 0 sends all"
    )
    concurrency: int = setting(4, "claims judged at the same time")
    keep: int = setting(20, "papers kept for judging, per claim and run")
    floor: float = setting(0.35, "minimum cosine of a kept paper with the claim")
    shortlist: int = setting(100, "papers per claim, best by words, that are embedded and ranked by meaning")
    embedder: str = setting(PACKAGED, "sentence-transformers model, by name or path")
    stance_model: str = setting(
        "", "another stance model: a cross-encoder by name or path; empty means the shipped one"
    )
    stance_labels: str = setting(
        "", "what its labels mean, e.g. LABEL_0=contradicts,LABEL_1=supports,LABEL_2=neutral"
    )
    arxiv_url: str = setting("https://export.arxiv.org/api/query", "arXiv's query API")
    arxiv_categories: str = setting("cs.CL cs.LG cs.AI", "arXiv categories to search; empty means all")
    arxiv_site: str = setting(
        "https://export.arxiv.org", "site that papers are downloaded from: arXiv's own hosts only"
    )
    oai_url: str = setting("https://oaipmh.arxiv.org/oai", "arXiv's OAI-PMH URL")
    whole: int = setting(10, "papers read in full, per claim and run; 0 means abstracts only")
    downloads: int = setting(200, "maximum number of papers downloaded in a run")
    pdf_reader: str = setting(
        "pdfminer", "PDF reader: pdfminer (reading order) or pypdf (drawing order, faster)"
    )
    contact: str = setting("", "email address or web page given to arXiv in the User-Agent")
    tell: str = setting("changes", "when people are notified of a run: changes, always or never")
    smtp_url: str = setting("", "mail server, smtp://user:password@host or smtps://...", secret=True)
    mail_from: str = setting("", "sender address of emails")
    mail_to: str = setting("", "recipient addresses of emails, separated by commas")
    webhook: str = setting("", "URL that a signed JSON message is posted to", secret=True)
    webhook_secret: str = setting("", "secret that the webhook's body is signed with", secret=True)
    apprise: str = setting("", "Apprise URLs, separated by spaces (extra: apprise)", secret=True)
    gate_dir: str = setting("", "folder of the machine-wide arXiv gate; empty means the temp folder")
    home: Path = Path("runs")
    origins: Mapping[str, str] = field(default_factory=dict)


def load(flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Read every setting from the first origin that has it.

    `flags` holds only flags that were set. Raises SettingsError naming a value that cannot be used.
    """
    home = Path(flags.get("home") or environ.get("RETEST_HOME") or "runs")
    file = _read_toml(home / "retest.toml")
    values: dict[str, Any] = {"home": home}
    origins = {
        "home": "flag" if flags.get("home") else "RETEST_HOME" if environ.get("RETEST_HOME") else "default"
    }
    for name, spec in _specs().items():
        value, origin = _first(name, spec, flags, environ, file)
        values[name], origins[name] = _converted(name, value, spec.default, origin), origin
    return _checked(Settings(**values, origins=origins))


def shown(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Rows (name, value, origin, meaning) for people; secrets masked."""
    rows = []
    for name, spec in {"home": None, **_specs()}.items():
        value = getattr(settings, name)
        secret = spec is not None and spec.metadata["secret"] and value
        meaning = "folder that holds all state" if spec is None else spec.metadata["meaning"]
        rows.append(
            (
                name,
                masked(str(value)) if secret else without_login(str(value)),
                settings.origins[name],
                meaning,
            )
        )
    return rows


def without_login(url: str) -> str:
    """An address without the user's name and password that may be in it."""
    return re.sub(r"(?<=://)[^/@]*@", f"{MASK}@", url)


def masked(secret: str) -> str:
    """A secret as it may be shown: the last letters of a long one, to tell it from others."""
    return MASK + (secret[-4:] if len(secret) >= LONG else "")


def secrets(settings: Settings) -> tuple[str, ...]:
    """Every secret that is set, for masking."""
    named = [name for name, spec in _specs().items() if spec.metadata["secret"]]
    return tuple(v for v in (str(getattr(settings, name)) for name in named) if v)


def _specs() -> dict[str, Any]:
    return {f.name: f for f in fields(Settings) if f.name not in ("home", "origins")}


def _first(
    name: str,
    spec: Any,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    file: Mapping[str, Any],
) -> tuple[Any, str]:
    if flags.get(name) is not None:
        return flags[name], "flag"
    for variable in (f"RETEST_{name.upper()}", *spec.metadata["env"]):
        if environ.get(variable):
            return environ[variable], variable
    if name in file:
        return file[name], "retest.toml"
    return spec.default, "default"


def _converted(name: str, value: Any, default: Any, origin: str) -> Any:
    try:
        return type(default)(value)
    except (TypeError, ValueError) as error:
        kind = {int: "a whole number", float: "a number"}.get(type(default), "text")
        raise SettingsError(f"{name} from {origin} is {value!r}, not {kind}", "correct it") from error


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read {path}: {error}", "correct or remove it") from error
    unknown = set(found) - set(_specs())
    if unknown:
        raise SettingsError(
            f"{path} has unknown settings: {', '.join(sorted(unknown))}",
            "retest doctor lists them all",
        )
    return found


_ALLOWED: dict[str, tuple[object, ...]] = {
    "batch": (0, 1),
    "source": ("arxiv", "snapshot"), "judge": ("embedded", "llm"), "pdf_reader": ("pdfminer", "pypdf"),
    "writer": ("auto", "llm", "none"),
    "tell": ("changes", "always", "never"),
}  # fmt: skip


def _checked(settings: Settings) -> Settings:
    for name, allowed in _ALLOWED.items():
        if getattr(settings, name) not in allowed:
            raise SettingsError(
                f"{name} from {settings.origins[name]} is {getattr(settings, name)!r}",
                f"use {' or '.join(map(str, allowed))}",
            )
    for name in ("concurrency", "keep", "shortlist", "llm_timeout", "llm_tokens"):
        if getattr(settings, name) <= 0:
            raise SettingsError(f"{name} from {settings.origins[name]} must be above 0", "correct it")
    for name in ("whole", "downloads", "budget", "claim_budget"):
        if getattr(settings, name) < 0:
            raise SettingsError(f"{name} from {settings.origins[name]} must not be negative", "correct it")
    return settings
