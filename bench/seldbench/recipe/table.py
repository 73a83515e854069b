"""What every table of a recipe is: unknown keys refused; and a named thing with its arguments."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Table(BaseModel):
    """A TOML table: unknown keys refused, values as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class Component(BaseModel):
    """A named thing and its plain arguments: `features = "logmel"` or `{name = "logmel", ...}`."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @property
    def arguments(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


Named = Annotated[Component, BeforeValidator(_named)]
