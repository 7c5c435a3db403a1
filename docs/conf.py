"""How Sphinx builds the site from these pages: ``nox -s site``."""

from __future__ import annotations

from docs import repository_links

project = "ds-cookiecutter"
author = "The ds-cookiecutter developers"
copyright = author

extensions = [
    "myst_parser",
    "sphinx_copybutton",
    "sphinxcontrib.mermaid",
    "docs.repository_links",
    "docs.alternative_text",
]
exclude_patterns = ["_build"]
nitpicky = True

# Other pages and GitHub's own renderer use the same links: to a heading by GitHub's anchor.
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
myst_enable_extensions = ["attrs_block"]

mermaid_height = "auto"
mermaid_fullscreen = False

html_theme = "pydata_sphinx_theme"
html_title = "ds-cookiecutter"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars: dict[str, list[str]] = {"index": [], "tutorial/index": []}
html_theme_options = {
    "github_url": repository_links.REPOSITORY,
    "use_edit_page_button": True,
    "show_prev_next": True,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc", "edit-this-page"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_context = {
    "github_user": "leej3",
    "github_repo": "ds-cookiecutter",
    "github_version": "main",
    "doc_path": "docs",
}

# Prompts are not copied, nor are the lines that a command prints.
copybutton_prompt_text = r"\$ |> "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"

# 'nox -s links': GitHub shows a heading's anchor by a script, and not to everybody.
linkcheck_anchors_ignore_for_url = [r"https://github\.com/"]
linkcheck_ignore = [r"http://127\.0\.0\.1:"]
linkcheck_retries = 3
linkcheck_timeout = 30
