"""`python -m tools.pull_request` writes the report of this branch."""

from stages._ends import run_tool
from tools.pull_request.report import main

run_tool(main)
