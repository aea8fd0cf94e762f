"""The one exception that is meant for the person at the keyboard."""


class InputError(ValueError):
    """Something the user can mend: what was expected, what was received, what to do. A stage ends in its text alone."""
