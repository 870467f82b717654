"""The bundled claim packs: YAML, one file per collection."""
