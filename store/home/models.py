"""What is known of each LLM endpoint's models: how its server wants to be asked, and how its check went."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

from store.home.files import Home, write_atomically

_WRITING = threading.Lock()


def known(home: Home, base_url: str, model: str) -> dict[str, Any]:
    """What is known of a model; empty if nothing is."""
    found = _all(home.models).get(_name(base_url, model))
    return found if isinstance(found, dict) else {}


def learn(home: Home, base_url: str, model: str, facts: dict[str, Any]) -> None:
    """Add facts about a model."""
    with _WRITING:
        every, name = _all(home.models), _name(base_url, model)
        every[name] = known(home, base_url, model) | facts
        home.root.mkdir(parents=True, exist_ok=True)
        write_atomically(home.models, json.dumps(every, indent=1, sort_keys=True) + "\n")


def _name(base_url: str, model: str) -> str:
    address = re.sub(r"(?<=://)[^/@]*@", "", base_url)  # without a user's name and password
    return f"{model} at {address or 'OpenAI'}"


def _all(path: Path) -> dict[str, Any]:
    """Everything known; nothing if the file is missing or damaged: it can be learnt again."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
