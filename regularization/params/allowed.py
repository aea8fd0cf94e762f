"""What single values of params.yaml may be, each in words that an error message quotes."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

# The largest seed is 4294967295; the replicates and the splits count on from the one that stands in params.yaml.
LARGEST_SEED = 4_000_000_000
LARGEST_NUMBER = 1e30  # the networks compute in 32 bits, where 3.4e38 is the end


class Group(BaseModel):
    """Keys it does not know are errors; so are the numbers nan and inf, and a text or `true` in a number's place."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True, strict=True)


def allowed(words: str, **bounds):
    """A field whose description, which an error message quotes, says in `words` what is allowed."""
    return Field(description=words, **bounds)


Share = Annotated[float, allowed("a number above 0 and at most 0.9: the other rows are trained on", gt=0, le=0.9)]
Rate = Annotated[float, allowed("a number from 0 to below 1", ge=0, lt=1)]
OptionalRate = Annotated[float | None, allowed("a number from 0 to below 1, or null", ge=0, lt=1)]
Factor = Annotated[float | None, allowed("a number from 0 to 1e30, or null", ge=0, le=LARGEST_NUMBER)]
Count = Annotated[int, allowed("a whole number from 1 to 1000000", ge=1, le=10**6)]
OptionalCount = Annotated[int | None, allowed("a whole number from 1 to 1000000, or null", ge=1, le=10**6)]
OptionalSteps = Annotated[
    Annotated[int, Field(ge=1, le=10**9)] | Annotated[float, Field(gt=0, lt=1)] | None,
    allowed("a whole number from 1 to 1000000000, a share of the training's steps below 1, or null"),
]
OptionalDecay = Annotated[float | None, allowed("a number above 0, at most 1, or null", gt=0, le=1)]
Epochs = Annotated[int, allowed("a whole number from 1 to 100000: more take days", ge=1, le=10**5)]
Units = Annotated[int, allowed("a whole number from 1 to 1000: wider networks fill the memory", ge=1, le=1000)]
Seed = Annotated[int, allowed(f"a whole number from 0 to {LARGEST_SEED}", ge=0, le=LARGEST_SEED)]
Splits = Annotated[
    int, allowed("a whole number from 10 to 10000: with fewer, some blocks are tested only once", ge=10, le=10**4)
]
Width = Annotated[float, allowed("a number above 0", gt=0)]
OptionalWidth = Annotated[float | None, allowed("a number above 0, or null", gt=0)]
OptionalStddev = Annotated[float | None, allowed("a number from 0 to 1, or null", ge=0, le=1)]
LearningRate = Annotated[float, allowed("a number above 0, at most 1e30", gt=0, le=LARGEST_NUMBER)]
Range = Annotated[
    tuple[float, float],
    BeforeValidator(lambda its: tuple(its.values()) if isinstance(its, dict) and list(its) == ["min", "max"] else its),
    allowed("{min: smallest, max: largest}, two numbers", strict=False),
]
VariantName = Annotated[
    str, allowed("a letter, then up to 59 letters, digits, _ and -", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,59}$")
]
