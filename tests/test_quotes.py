"""The core of the quote gate: true quotes survive bad extraction, altered ones never pass."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.quotes import find_quote, fold, legible, whole_sentences

TEXT = (
    "Effects of fine-tuning. We find that the efficient models do not improve on 3.5% of the 1,200 "
    "difficult tasks, although faithful reasoning increases from -2 to 14 points when fine-tuned. "
    "Larger models are not affected by the shift."
)
QUOTE = (
    "We find that the efficient models do not improve on 3.5% of the 1,200 difficult tasks, although "
    "faithful reasoning increases from -2 to 14 points when fine-tuned."
)


def mangled(text: str, seed: int) -> str:
    """What extraction from a PDF does to a text: ligatures, hyphens at line ends, odd spaces."""
    rng = random.Random(seed)
    text = text.replace("ffi", "ﬃ").replace("ff", "ﬀ").replace("fi", "ﬁ")
    words = []
    for word in text.split(" "):
        if len(word) > 7 and word.isalpha() and rng.random() < 0.5:
            word = word[:4] + "-\n" + word[4:]
        words.append(word)
    return "".join(w + rng.choice([" ", "  ", "\n", "\u00a0", " \n "]) for w in words)


def test_a_footnote_mark_is_not_a_number() -> None:
    text = "We introduce a corpus,1 which is large, and 3, 5 or 7 of its parts,12 say."
    assert find_quote("We introduce a corpus, which is large", text)
    assert find_quote("We introduce a corpus,1 which is large", text)
    assert not find_quote("and 3, 5 or of its parts, say", text)


@given(st.integers())
def test_legible_text_is_found_in_the_raw_text(seed: int) -> None:
    raw = mangled(TEXT, seed)
    assert find_quote(legible(raw), raw)
    assert "\n" not in legible(raw)
    assert "ﬁ" not in legible(raw)


@given(st.integers())
def test_a_true_quote_is_found_in_extracted_text(seed: int) -> None:
    raw = mangled(TEXT, seed)
    span = find_quote(QUOTE, raw)
    assert span
    assert fold(raw[span.start : span.end]).text == fold(QUOTE).text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("not ", ""), ("3.5%", "35%"), ("3.5%", "3.6%"), ("3.5%", "3.5"), ("1,200", "12,00"), ("-2", "2"),
        ("increases", "decreases"), ("14 points", "1 4 points"), ("the efficient", "efficient"),
        ("difficult tasks", "tasks difficult"), ("models", "model"),
    ],
)  # fmt: skip
def test_one_change_makes_another_quote(old: str, new: str) -> None:
    assert old in QUOTE
    assert find_quote(QUOTE.replace(old, new, 1), TEXT) is None


@pytest.mark.parametrize(("held", "asked"), [
    ("3–5", "3-5"), ("3–5", "3 - 5"), ("10⁵", "10^5"), ("$10^{5}$", "10^5"), ("10⁻³", "10^-3"), ("½", "1/2"),
    ("3--5", "3–5"), ("$3\\times$", "3×"), ("$\\ge 3$", "≥3"), ("8 × 7B", "8×7B"), ("3B – 7B", "3B-7B"),
    ("−2", "-2"), ("3× more", "3x more"), ("GPT-\n4", "GPT-4"), ("and/\nor", "and/or"),
])  # fmt: skip
def test_a_figure_is_found_however_it_is_written(held: str, asked: str) -> None:
    text = f"We find that it changes by {held} in all of the settings that we know of."
    assert find_quote(f"it changes by {asked} in all of the settings", text)


def test_a_sentence_may_start_or_end_with_a_figure() -> None:
    text = "We find that accuracy rises on average by 5. 2 models of the nine that we tried fail.1\n2 Results"
    assert find_quote("We find that accuracy rises on average by 5.", text)
    assert find_quote("2 models of the nine that we tried fail.", text)
    assert find_quote("2 models of the nine that we tried fail.1", text)
    assert not find_quote("that accuracy rises on average by 5.2 models of the nine", text)


@pytest.mark.parametrize(("held", "asked"), [
    ("3–5", "35"), ("3–5", "5"), ("10^5", "105"), ("10⁵", "105"), ("1/2", "12"), ("3:1", "31"), ("−2", "2"),
    ("5 MW", "5 mW"), ("m/s", "ms"), ("2×10", "210"), ("5 → 7", "57"), ("1,200", "1200"), (".5", "5"),
    ("↓5", "↑5"), ("€5", "$5"), ("1 200", "200"), ("s⁻¹", "s1"), ("12 ± 3", "123"),
    ("GPT-4", "GPT4"), ("x²", "x2"), ("p<0.05", "p 0.05"), ("+3", "-3"),
])  # fmt: skip
def test_a_figure_never_matches_another(held: str, asked: str) -> None:
    text = f"We find that it changes by {held} in all of the settings that we know of."
    assert find_quote(f"it changes by {asked} in all of the settings", text) is None


def test_a_word_ending_in_x_does_not_split_a_figure() -> None:
    assert find_quote("5 models of the nine fail here", "We tried at max 5 models of the nine fail here.")
    assert not find_quote("5 models of the nine fail here", "We tried at 2×5 models of the nine fail here.")


@given(st.data())
def test_dropping_any_word_makes_another_quote(data: st.DataObject) -> None:
    words = QUOTE.split()
    drop = data.draw(st.integers(1, len(words) - 2))
    assert find_quote(" ".join(words[:drop] + words[drop + 1 :]), TEXT) is None


def test_part_of_a_word_is_not_a_quote() -> None:
    assert find_quote("rger models are not affected by the shift", TEXT) is None


@pytest.mark.parametrize(
    "cut",
    ["that the efficient models do not improve on 3", "5% of the 1,200 difficult tasks, although faithful",
     "2 to 14 points when fine-tuned. Larger models are", "efficient models do not improve on 3.5"],
)  # fmt: skip
def test_part_of_a_number_is_not_a_quote(cut: str) -> None:
    assert find_quote(cut, TEXT) is None


def test_a_quote_cut_after_not_is_widened_to_its_sentence() -> None:
    span = find_quote("improve on 3.5% of the 1,200 difficult tasks", TEXT)
    assert span
    whole = whole_sentences(span, TEXT)
    assert "do not improve" in TEXT[whole.start : whole.end]


@given(st.text())
def test_folding_keeps_the_origin_of_every_character(raw: str) -> None:
    folded = fold(raw)
    assert len(folded.text) == len(folded.origin)
    assert list(folded.origin) == sorted(folded.origin)
