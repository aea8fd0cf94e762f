"""What a sweep's grid may hold: the settings of a variant, each with a list of values instead of one."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, create_model

from regularization.sweep.grid import count_configurations, expand_grid, repeated_value, settings_of

MOST_CHECKED = 20_000  # configurations; a larger grid is checked value by value


def grid_schema(base: type[BaseModel], variant: type[BaseModel], **more: Any) -> Any:
    """A model like `base` with a list of values, or nothing, for each field of `variant` and each type in `more`."""
    fields = {name: (_annotation(field), field) for name, field in variant.model_fields.items()}
    fields |= {name: (annotation, annotation.__metadata__[0]) for name, annotation in more.items()}
    lists = {
        name: (list[annotation] | None, _list_of(field.description)) for name, (annotation, field) in fields.items()
    }
    return create_model("Lists", __base__=base, **lists)


def _annotation(field: Any) -> Any:
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _list_of(words: str | None) -> Any:
    return Field(None, description=f"a list of one or more values, each {words}", min_length=1)


def grid_problem(grid: Mapping[str, Sequence], variant: type[BaseModel]) -> str | None:
    """What is wrong with the grid as a whole, in words, or None: no list, a value twice, what excludes another."""
    if not grid:
        return "sweep.grid: received no list; expected one or more, such as `dropout: [null, 0.2]`"
    if problem := repeated_value(grid):
        return problem
    if count_configurations(grid) > MOST_CHECKED:
        return None
    for configuration in expand_grid(grid):
        settings = settings_of(configuration)
        try:
            variant.model_validate({name: value for name, value in settings.items() if name in variant.model_fields})
        except ValidationError as error:
            return f"sweep.grid, {settings}: {error.errors()[0].get('ctx', {}).get('error', 'not allowed together')}"
    return None
