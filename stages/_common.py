"""How every stage ends, in a clear line, and how it keeps TensorFlow's import quiet. Not a stage."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from regularization.errors import InputError
from regularization.rounding import warning


def run_stage(main: Callable[[], None]) -> None:
    """Call `main`; an `InputError` or an operating-system error becomes its message on stderr and exit status 1.

    A warning comes first where the user's own settings may change results.
    """
    if text := warning():
        print(text, file=sys.stderr)
    try:
        main()
    except InputError as error:
        sys.exit("\n".join(f"error: {line}" for line in str(error).splitlines()))
    except OSError as error:
        sys.exit(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "))
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing was written")


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Hide what TensorFlow's libraries say on stderr while they load; Python's errors stay."""
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
