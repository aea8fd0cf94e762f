"""The one exception that is meant for the person at the keyboard, and a limit that would end in none."""

import resource


class InputError(ValueError):
    """Something the user can mend: what was expected, what was received, what to do. A stage ends in its text alone."""


def check_addresses(needed: float) -> None:
    """Raise `InputError` where this process may not address so many bytes."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    if allowed not in (resource.RLIM_INFINITY, -1) and allowed < needed:
        raise InputError(
            f"ulimit -v: received {allowed / 1e9:.1f} GB; expected {needed / 1e9:.1f} GB or more, of which most stays "
            "unused: run it after `ulimit -v unlimited`"
        )
