"""How the documentation is built; every example in it is executed, and one that fails fails the build."""

import os
import sys
from pathlib import Path

import chainrule

sys.path.insert(0, str(Path(__file__).parent))  # executed.py
os.environ |= {"NO_COLOR": "1", "MPLBACKEND": "agg"}  # for what the pages run

project = "chainrule"
author = "The chainrule developers"
copyright = "The chainrule developers"
version = release = chainrule.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "executed"]
exclude_patterns = ["_build", "jupyter_execute"]


nb_execution_mode = "off"  # `executed` runs what the pages show
nb_custom_formats = {".ipynb": "executed.notebook"}
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"

html_theme = "pydata_sphinx_theme"
html_title = "chainrule"
html_theme_options = {"show_prev_next": False, "footer_start": ["copyright"], "footer_end": []}
html_sidebars = {"**": []}  # all pages stand in the header
html_static_path = ["_static"]
html_css_files = ["executed.css"]
html_copy_source = False
html_show_sourcelink = False
