"""The pipeline's stages, one file each. What fixes rounding is set here, before any library that they import.

And before it what a stage needs from its first moment on: somewhere to write to, and a quiet end at Ctrl-C.
"""

import os
import sys

for descriptor in range(3):  # where stderr is closed, the next file that is opened takes its number, and its messages
    try:
        os.fstat(descriptor)
    except OSError:
        os.open(os.devnull, os.O_RDWR)
sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: PTH123, SIM115

INTERRUPTED = "interrupted; nothing is recorded: run it again"
_usual_hook = sys.excepthook


def _say_interrupted(kind, error, traceback) -> None:
    """Ctrl-C while libraries load, before `run_stage` can take care of it, is a line too."""
    if issubclass(kind, KeyboardInterrupt):
        print(INTERRUPTED, file=sys.stderr)
    else:
        _usual_hook(kind, error, traceback)


sys.excepthook = _say_interrupted

from regularization.rounding import set_environment  # noqa: E402

set_environment()
