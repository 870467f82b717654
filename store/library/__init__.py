"""The claim packs that ship with us: YAML, one file a collection."""
