"""How every stage ends, in clear lines, and how it keeps TensorFlow's import quiet. Not a stage."""

import argparse
import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from regularization.errors import InputError
from regularization.rounding import warning
from stages import INTERRUPTED
from stages._guard import unless_changed

LONGEST_LINE, MOST_LINES = 500, 20  # of an error: a value from a file may be a megabyte long


def run_stage(main: Callable[[], None]) -> None:
    """Call `main` as `run_tool` does, and fail where its params or its code have changed meanwhile."""
    run_tool(lambda: unless_changed(main))


def run_tool(main: Callable[[], None]) -> None:
    """Call `main`; what a person can mend or has caused becomes lines on stderr and exit status 1, without a traceback.

    That is an `InputError`, an error of the operating system, too little memory, and Ctrl-C, which counts even where a
    library swallowed it. A warning comes first where the user's own settings may change results.
    """
    if text := warning():
        print(text, file=sys.stderr)
    with _counting_interrupts() as interrupts:
        try:
            main()
            if interrupts:
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except Exception as error:
            text = INTERRUPTED if interrupts else _for_people(error)
            if text is None:
                raise
            sys.exit(text)


def chosen(what: str, names: Sequence[str], description: str | None) -> str:
    """Return the one argument of the command, one of the `names`; raise `InputError` for another."""
    command = f"python -m {Path(sys.argv[0]).parent.name}.{Path(sys.argv[0]).stem}"
    parser = argparse.ArgumentParser(prog=command, description=description)
    parser.add_argument(what, help=f"one of {', '.join(names)}")
    name = getattr(parser.parse_args(), what)
    if name not in names:
        raise InputError(f"{command}: received {name!r}; expected one of {', '.join(names)}")
    return name


def _for_people(error: Exception) -> str | None:
    """The lines in which an error ends that a person can mend or has caused; None for a mistake of ours."""
    if isinstance(error, InputError):
        return as_lines(str(error))
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python complains once more when it ends
        return "error: whoever reads the output has gone"
    if isinstance(error, OSError):
        return as_lines(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # the latter is TensorFlow's
        return "error: not enough memory; take fewer or narrower hidden_units, a smaller batch_size or fewer columns"
    return None


@contextlib.contextmanager
def _counting_interrupts() -> Iterator[list[int]]:
    """Ctrl-C raises `KeyboardInterrupt` as ever, and is noted in the list as well: a library may swallow it."""
    seen, usual = [], signal.getsignal(signal.SIGINT)
    if usual is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield seen
        return

    def note(number, _frame):
        seen.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, usual)


def as_lines(text: str) -> str:
    """`text` as lines that begin with `error: `, cut to a length that can be read, without control characters."""
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"and {len(lines) - MOST_LINES} more of this kind"]
    return "\n".join(f"error: {_readable(line)}" for line in lines)


def _readable(line: str) -> str:
    if len(line) > LONGEST_LINE:
        half = LONGEST_LINE // 2  # the end says what to do
        line = f"{line[:half]} ... {line[-half:]}"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Hide what TensorFlow's libraries say on stderr while they load, and its advice on speed later; errors stay.

    Nothing is collected as garbage meanwhile: there is none, and looking for it takes a fifth of the time.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    terminal = os.dup(2)
    gc.disable()
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        gc.enable()
        os.dup2(terminal, 2)
        os.close(terminal)
