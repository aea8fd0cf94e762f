"""`python -m tools.pull_request` writes the report of this branch."""

from stages._common import run_stage
from tools.pull_request.report import main

run_stage(main)
