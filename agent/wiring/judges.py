"""Build the judges, the writer and the LLM client from settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import SettingsError
from agent.ports.models import Judge, Writer
from agent.settings import Settings

if TYPE_CHECKING:
    import openai

    from agent.adapters.judges.embedded import EmbeddedJudge
    from agent.adapters.llm.client import LlmClient


def stance_judge(settings: Settings, *, given: bool = False) -> Judge:
    """The configured judge; `given` if a person names the papers it judges."""
    return _llm_judge(settings) if settings.judge == "llm" else embedded_judge(settings, given=given)


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


def _llm_judge(settings: Settings) -> Judge:
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

    return LlmClient(endpoint(settings, wanted_by), settings.model, throttle=Throttle(settings.concurrency))


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

    return openai.OpenAI(
        api_key=settings.api_key or "none", base_url=settings.base_url or None,
        timeout=settings.llm_timeout, max_retries=0,
    )  # fmt: skip


def second_judge(settings: Settings) -> EmbeddedJudge | None:
    """The embedded judge that screens for an LLM judge and is its second opinion; None without an LLM."""
    return embedded_judge(settings) if settings.judge == "llm" else None
