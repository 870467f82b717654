"""Sphinx: the documentation as a site. `make docs` builds it into build/site."""

project = "Retest"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Retest"
html_extra_path = ["report.schema.json", "reliability.svg"]
exclude_patterns = ["generate.py"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # links to files of the repository, which a test checks
