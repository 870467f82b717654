"""Build the judges, the writer and the LLM client from settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from agent.errors import SettingsError
from agent.ports.models import BatchJudge, Judge, Writer
from agent.settings import Settings, without_login
from store.home import models
from store.home.files import Home

if TYPE_CHECKING:
    import openai

    from agent.adapters.judges.embedded import EmbeddedJudge
    from agent.adapters.llm.client import LlmClient
    from agent.adapters.llm.dialect import SharedDialect


def stance_judge(settings: Settings, *, given: bool = False) -> Judge:
    """The configured judge; `given` if a person names the papers it judges."""
    return llm_judge(settings) if settings.judge == "llm" else embedded_judge(settings, given=given)


def embedded_judge(settings: Settings, *, given: bool = False) -> EmbeddedJudge:
    """The judge on the shipped stance model, or on the one named in the settings."""
    from agent.adapters.judges.embedded import EmbeddedJudge
    from agent.adapters.judges.stance_model import SHIPPED, StanceModel

    named = settings.stance_model
    if named and not (Path(named) / "stance.json").exists():
        from agent.adapters.judges.cross_encoder import CrossEncoderModel

        return EmbeddedJudge(CrossEncoderModel(named, settings.stance_labels), given=given)
    model = StanceModel(Path(named) if named else SHIPPED, "given" if given else "found")
    return EmbeddedJudge(model, given=given)


def llm_judge(settings: Settings) -> Judge:
    """The LLM judge, whichever is configured to judge. Raises SettingsError without an endpoint."""
    from agent.adapters.judges.llm import LlmJudge

    return LlmJudge(llm_client(settings, "--judge llm"), threshold=settings.llm_threshold)


def writer(settings: Settings) -> Writer | None:
    """The LLM writer; None if no model writes, so that text is at most extracted."""
    if not is_writing(settings):
        return None
    from agent.adapters.llm.writer import LlmWriter

    return LlmWriter(llm_client(settings, "--writer llm"))


def is_writing(settings: Settings) -> bool:
    """Whether a model writes."""
    return (settings.judge if settings.writer == "auto" else settings.writer) == "llm"


def llm_client(settings: Settings, wanted_by: str) -> LlmClient:
    """The client of the configured endpoint. Raises SettingsError if none is configured."""
    from agent.adapters.llm.client import LlmClient
    from agent.adapters.llm.throttle import Throttle

    return LlmClient(
        endpoint(settings, wanted_by), settings.model, throttle=Throttle(settings.concurrency),
        max_tokens=settings.llm_tokens, dialect=dialect(settings),
    )  # fmt: skip


def dialect(settings: Settings) -> SharedDialect:
    """How the configured server wants to be asked, as far as the home knows; what is learnt is stored."""
    from agent.adapters.llm.dialect import SharedDialect, dialect_of

    home, url, model = Home(settings.home), settings.base_url, settings.model
    stored = models.known(home, url, model).get("dialect")
    return SharedDialect(
        dialect_of(stored), lambda found: models.learn(home, url, model, {"dialect": found.as_dict()})
    )


def llm_models(settings: Settings) -> list[str]:
    """The names of the endpoint's models. Raises what its client raises."""
    return [model.id for model in endpoint(settings, "doctor").models.list()]


def endpoint(settings: Settings, wanted_by: str) -> openai.OpenAI:
    """A connection to the configured endpoint. Raises SettingsError if none is configured."""
    if not settings.api_key and not settings.base_url:
        raise SettingsError(
            f"{wanted_by} needs a key or a local endpoint",
            "set OPENAI_API_KEY, or RETEST_BASE_URL for Ollama, vLLM or llama.cpp",
        )
    import openai

    if not settings.model.strip():
        raise SettingsError(f"model from {settings.origins['model']} is empty", "name a model: RETEST_MODEL")
    url, query = _address(settings)
    if not settings.api_key.isascii() or any(c.isspace() for c in settings.api_key):
        raise SettingsError(
            f"api_key from {settings.origins['api_key']} has characters that no key has", "copy it again"
        )
    return openai.OpenAI(
        api_key=settings.api_key or "none", base_url=url, default_query=query,
        # Azure's older addresses, which end with ?api-version=..., take the key from this header.
        default_headers={"api-key": settings.api_key} if "api-version" in query else None,
        timeout=settings.llm_timeout, max_retries=0,
    )  # fmt: skip


def _address(settings: Settings) -> tuple[str | None, dict[str, str]]:
    """The endpoint's address and query; None is OpenAI's. Raises SettingsError for what is no address."""
    if not settings.base_url:
        return None, {}
    try:
        parts = urlsplit(settings.base_url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise SettingsError(
            f"base_url from {settings.origins['base_url']} is {without_login(settings.base_url)!r}, which is "
            "not a web address", "write it as http://localhost:11434/v1",
        )  # fmt: skip
    return urlunsplit(parts._replace(query="", fragment="")), dict(parse_qsl(parts.query))


def batch_judge(settings: Settings, judge: Judge) -> BatchJudge | None:
    """The judge through the provider's batch API, if the settings want that."""
    if not settings.batch or settings.judge != "llm":
        return None
    from agent.adapters.judges.llm import LlmJudge
    from agent.adapters.judges.llm_batch import LlmBatch

    return LlmBatch(judge) if isinstance(judge, LlmJudge) else None


def second_judge(settings: Settings) -> EmbeddedJudge | None:
    """The embedded judge that screens for an LLM judge and is its second opinion; None without an LLM."""
    return embedded_judge(settings) if settings.judge == "llm" else None
