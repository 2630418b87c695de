"""The slow imports of running a notebook, done once for all notebooks of a run."""

import nbclient  # noqa: F401
import papermill  # noqa: F401
