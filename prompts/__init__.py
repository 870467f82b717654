"""Load, check, render and hash prompts: one Markdown file a prompt, front matter and body.

The front matter names the prompt, its version, its inputs and the schema of its answer. The body
has two parts divided by a line `---user---`: a system part that never changes, so that a
provider's prefix cache hits, and a user part with `{{input}}` places. What fills them is data: it
is fenced by markers made from its own hash, which text written beforehand cannot contain.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parent
_PLACE = re.compile(r"\{\{(\w+)\}\}")


class PromptError(Exception):
    """A prompt file that does not load, or an input it does not know."""


@dataclass(frozen=True)
class Prompt:
    """A loaded prompt. `digest` changes with any byte of the file."""

    name: str
    version: int
    inputs: tuple[str, ...]
    output: str
    system: str
    user: str
    digest: str

    def render(self, **inputs: str) -> str:
        """Fill the user part. Raises PromptError unless exactly the named inputs are given."""
        if set(inputs) != set(self.inputs):
            raise PromptError(f"prompt {self.name} takes {self.inputs}, got {tuple(inputs)}")
        return _PLACE.sub(lambda place: inputs[place[1]], self.user)


@cache
def load(name: str) -> Prompt:
    """Load `prompts/<name>.md`. Raises PromptError naming what is wrong with it."""
    path = _FOLDER / f"{name}.md"
    if not path.exists():
        raise PromptError(f"no prompt named {name} in {_FOLDER}")
    raw = path.read_text(encoding="utf-8")
    try:
        _, head, body = raw.split("---\n", 2)
        system, user = body.split("---user---\n")
        fields = yaml.safe_load(head)
        prompt = Prompt(
            fields["name"], fields["version"], tuple(fields["inputs"]), fields["output"],
            system.strip(), user.strip(), hashlib.sha256(raw.encode()).hexdigest(),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise PromptError(f"{path.name} is not a prompt: {error}") from error
    if set(_PLACE.findall(prompt.user)) != set(prompt.inputs):
        raise PromptError(f"{path.name}: the body's places are not the inputs it names")
    return prompt


def every() -> list[Prompt]:
    """Every prompt there is, by name."""
    return [load(path.stem) for path in sorted(_FOLDER.glob("*.md"))]


def fenced(label: str, text: str) -> str:
    """Wrap untrusted text between markers it cannot forge."""
    mark = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"<<<{label} {mark}\n{text}\n{mark} {label}>>>"
