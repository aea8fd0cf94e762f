"""What is wrong with a value of params.yaml, in a line: the key, what was received, what is allowed."""

import reprlib
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel

SHOWN = 100  # characters of a value that was received
NOT_KEYS = ("float", "int", "str", "bool", "constrained-int", "constrained-float")  # kinds that a value may be of


def sentence(problem: dict, schema: type[BaseModel]) -> str:
    """One of the errors of pydantic's `ValidationError.errors()`, for people; `schema` describes the whole file."""
    location = [part for part in problem["loc"] if part not in NOT_KEYS]
    is_key = location[-1:] == ["[key]"]
    key = ".".join(_part(part) for part in location if part != "[key]")
    if problem["type"] == "value_error":
        text = str(problem["ctx"]["error"])
        return f"{key}: {text}" if text.startswith("received") else text  # the others name their keys themselves
    if problem["type"] in ("extra_forbidden", "invalid_key"):
        return f"{key}: unknown key; {_suggestion(location, schema)}"
    if is_key:
        words = _key_words(location[:-1], schema)
        return f"{'.'.join(map(_part, location[:-2]))}: received the name {shown(problem['input'])}; expected {words}"
    expected = _allowed_words(location, schema)
    if problem["type"] == "missing":
        return f"{key}: missing; expected {expected}"
    return f"{key}: received {shown(problem['input'])}; expected {expected}"


def shown(value: object) -> str:
    """A value as a message shows it, cut where it is long or nested deeply."""
    short = reprlib.Repr()
    short.maxlevel = 2
    short.maxstring = short.maxother = short.maxlong = SHOWN
    try:
        return short.repr(value)
    except (ValueError, RecursionError):  # a number of more digits than Python writes
        return f"a value of type {type(value).__name__}"


def _part(part: object) -> str:
    text = str(part) if str(part).isprintable() else repr(part)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _suggestion(location: list, schema: type[BaseModel]) -> str:
    group: Any = _group_at(location[:-1], schema)
    known = list(group.model_fields)
    close = get_close_matches(str(location[-1])[:SHOWN], known, n=1)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"


def _allowed_words(location: list, schema: type[BaseModel]) -> str:
    """The description of the field at `location`; that of the items for an element of a list or a mapping."""
    group: Any = schema
    words = "a valid value"
    for part in location:
        field = group.model_fields.get(part) if hasattr(group, "model_fields") else None
        if field is not None:
            words = field.description or words
        group = _group_below(group, part)
    return words


def _key_words(location: list, schema: type[BaseModel]) -> str:
    """What is allowed for the names in the mapping that `location`, which ends with one of them, leads to."""
    *groups, field, _ = location
    group: Any = _group_at(groups, schema)
    names = get_args(group.model_fields[field].annotation)[:1]
    described = [part.description for part in getattr(names[0], "__metadata__", ()) if hasattr(part, "description")]
    return described[0] if described else "a text, in quotes where it looks like anything else"


def _group_at(location: list, schema: type[BaseModel]):
    group = schema
    for part in location:
        group = _group_below(group, part)
    return group


def _group_below(group: Any, part: object):
    """What `part` leads to from `group`: a group of keys, a mapping of names to one, or None."""
    if get_origin(group) is dict:
        below = get_args(group)[1]
    else:
        field = group.model_fields.get(part) if hasattr(group, "model_fields") else None
        below = field.annotation if field else None
    is_group = isinstance(below, type) and issubclass(below, BaseModel)
    return below if is_group or get_origin(below) is dict else None
