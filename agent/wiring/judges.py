"""What judges stances."""

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
    """The judge that settings name; `given` when a person names the papers it judges."""
    return _llm_judge(settings) if settings.judge == "llm" else embedded_judge(settings, given=given)


def embedded_judge(settings: Settings, *, given: bool = False) -> EmbeddedJudge:
    """The shipped stance model, or the one that settings name."""
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
    """What writes; None where nothing is to be written, or only extracted."""
    if not is_writing(settings):
        return None
    from agent.adapters.llm.writer import LlmWriter

    return LlmWriter(llm_client(settings, "--writer llm"))


def is_writing(settings: Settings) -> bool:
    """Whether a model writes."""
    return (settings.judge if settings.writer == "auto" else settings.writer) == "llm"


def llm_client(settings: Settings, wanted_by: str) -> LlmClient:
    """What asks the endpoint that settings name. Raises SettingsError where they name none."""
    from agent.adapters.llm.client import LlmClient
    from agent.adapters.llm.throttle import Throttle

    return LlmClient(endpoint(settings, wanted_by), settings.model, throttle=Throttle(settings.concurrency))


def llm_models(settings: Settings) -> list[str]:
    """The names of the models that the endpoint has. Raises what its client raises."""
    return [model.id for model in endpoint(settings, "doctor").models.list()]


def endpoint(settings: Settings, wanted_by: str) -> openai.OpenAI:
    """The way to the endpoint that settings name. Raises SettingsError where they name none."""
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
    """The embedded judge beside an LLM: it screens for it, and is its second opinion."""
    return embedded_judge(settings) if settings.judge == "llm" else None
