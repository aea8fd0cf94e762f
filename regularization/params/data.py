"""The group of keys of params.yaml about the table."""

from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationInfo, field_validator, model_validator

from regularization.heads import head_of_task
from regularization.intake.addresses import address_problem, is_web_address
from regularization.params.allowed import Group, Range, allowed
from regularization.params.errors import shown


class Data(Group):
    url: str = allowed("an http(s) address or a path", min_length=1)
    watch: str = allowed("the path of data.url, or of a file that never changes", min_length=1)
    sha256: str = allowed("64 hexadecimal digits", pattern=r"^[0-9a-f]{64}$")
    most_bytes: int = allowed("a whole number of bytes", ge=1)
    offline: Literal["standin", "fail"] = allowed("standin or fail")
    delimiter: str = allowed("one character", min_length=1, max_length=1)
    decimal: Literal[".", ","] = allowed("'.' or ','")
    thousands: Literal[",", "."] | None = allowed("',' or '.', or null")
    encoding: str = allowed("the name of an encoding, such as utf-8 or cp1252")
    skip: int = allowed("a whole number of lines, 0 to 20", ge=0, le=20)
    header: bool | list[str] = allowed("true, false or a list of names")
    missing: list[str] | None = allowed("a list of texts, or null")
    columns: dict[str, Range | None] | None = allowed("each column with {min: smallest, max: largest} or null, or null")
    ignore: list[str] = allowed("a list of names of columns")
    kinds: list[str] = allowed("a list of names of columns")
    target: str = allowed("the name of a column")
    task: Literal["binary", "classes", "number"] = allowed("binary, classes or number")
    threshold: float | None = allowed("a number or null")
    positive: str | float | bool | None = allowed("one of the target's labels, or null")
    curves: dict[str, str] = allowed("{loss: the name of the task's loss, score: that of its score}")

    @property
    def layout(self) -> dict[str, Any]:
        """How the file is written: the fields of `intake.layout.Layout`."""
        fields = ("delimiter", "decimal", "thousands", "encoding", "skip", "header", "missing")
        return {name: getattr(self, name) for name in fields}

    @model_validator(mode="after")
    def _consistent(self):
        for problem in (self._layout_problem(), self._target_problem(), self._range_problem(), self._watch_problem()):
            if problem:
                raise ValueError(problem)
        return self

    def _layout_problem(self) -> str | None:
        if self.delimiter == self.decimal:
            return f"data.delimiter: received {self.delimiter!r}, which is data.decimal too; change one of them"
        if self.thousands == self.decimal:
            return f"data.thousands: received {self.thousands!r}, which is data.decimal too; change one of them"
        return None

    def _target_problem(self) -> str | None:
        if self.columns is not None and self.target not in self.columns:
            return f"data.target: received {shown(self.target)}; expected one of data.columns: {list(self.columns)}"
        if self.target in self.ignore:
            return f"data.target: received {shown(self.target)}, which data.ignore leaves out; take it off that list"
        if (curves := head_of_task(self.task).curves) != self.curves:
            text = ", ".join(f"{key}: {value}" for key, value in curves.items())
            return f"data.curves: received {shown(self.curves)}; expected {{{text}}} for the task {self.task}"
        for key in ("threshold", "positive"):
            if self.task != "binary" and getattr(self, key) is not None:
                return f"data.{key}: received {getattr(self, key)!r} for the task {self.task}; expected null, or binary"
        if self.threshold is not None and self.positive is not None:
            return (
                f"data.positive: received {self.positive!r} beside data.threshold {self.threshold:g}; "
                "expected one of them: set the other to null"
            )
        return None

    def _range_problem(self) -> str | None:
        for name in self.kinds:
            if name in self.ignore or name == self.target or name not in (self.columns or self.kinds):
                return f"data.kinds: received {shown(name)}; expected columns that are inputs of the network"
        for name, limits in (self.columns or {}).items():
            if name in self.ignore:
                return f"data.columns.{name}: data.ignore leaves it out; take it off one of the two"
            if limits is not None and name in self.kinds:
                return f"data.columns.{name}: received a range, and data.kinds names it; set it to null"
            if limits is not None and limits[0] > limits[1]:
                return f"data.columns.{name}: received {list(limits)}; expected the smaller value first"
        return None

    def _watch_problem(self) -> str | None:
        """A local table must be a dependency of the download, or an edit of it would go unnoticed."""
        if is_web_address(self.watch):
            return "data.watch: received an address; expected the path of a file that never changes: data/.gitignore"
        if is_web_address(self.url) or self.watch == self.url.removeprefix("file://"):
            return None
        return f"data.watch: received {shown(self.watch)}; expected {shown(self.url)}, the path in data.url"

    @field_validator("url", "watch")
    @classmethod
    def _safe_address(cls, place: str, info: ValidationInfo) -> str:
        if problem := address_problem(place):
            raise ValueError(f"data.{info.field_name}: {problem}")
        path = Path(place.removeprefix("file://"))
        if not is_web_address(place) and path.exists() and not path.is_file():
            raise ValueError(f"data.{info.field_name}: received {shown(place)}, no ordinary file; mend the path")
        return place

    @field_validator("delimiter")
    @classmethod
    def _between_fields(cls, mark: str) -> str:
        if mark in '\n\r"\0' or mark.isalnum():
            raise ValueError(f"data.delimiter: received {mark!r}; expected a mark such as ',' or ';', or a tab")
        return mark

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            "a".encode(name)
        except (LookupError, ValueError):  # no such encoding, or one that is none of texts
            raise ValueError(f"data.encoding: received {shown(name)}; expected an encoding, such as utf-8") from None
        return name
