"""The vector index: real Chroma, one writer, and always rebuildable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from store.errors import Locked, VectorIndexError
from store.vectors.index import erase_index, is_damaged, open_index, self_query


def test_vectors_come_back_in_the_requested_order_and_outlive_the_writer(tmp_path: Path) -> None:
    vectors = np.eye(3, 8, dtype=np.float32)
    with open_index(tmp_path / "index", "m", holder="a") as index:
        index.add("papers", ["a", "b", "c"], vectors)
        assert index.missing("papers", ["d", "a"]) == ["d"]
    with open_index(tmp_path / "index", "m", holder="a") as index:
        assert np.array_equal(index.vectors("papers", ["c", "a"]), vectors[[2, 0]])
        assert self_query(index, "papers", ["a", "b", "c"]) == 0
        with pytest.raises(VectorIndexError, match="rebuild"):
            index.vectors("papers", ["a", "lost"])


def test_a_second_writer_is_told_who_holds_it(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    with open_index(folder, "m", holder="run 1"), pytest.raises(Locked, match="run 1"):
        open_index(folder, "m", holder="run 2").__enter__()


def test_vectors_of_two_models_never_mix(tmp_path: Path) -> None:
    with open_index(tmp_path / "index", "one", holder="a") as index:
        index.add("papers", ["a"], np.eye(1, 8, dtype=np.float32))
    with (
        open_index(tmp_path / "index", "two", holder="a") as index,
        pytest.raises(VectorIndexError, match="one"),
    ):
        index.count("papers")
    erase_index(tmp_path / "index", holder="a")
    with open_index(tmp_path / "index", "two", holder="a") as index:
        assert index.count("papers") == 0


def test_a_few_misses_of_an_approximate_search_are_not_damage() -> None:
    assert not is_damaged(lost=2, tried=50)
    assert not is_damaged(lost=1, tried=3)
    assert is_damaged(lost=6, tried=50)
    assert is_damaged(lost=3, tried=3)
