"""How a stage hears clips: whether its layout and its grid fit its features and its network."""

from seldbench.arrays import CHANNELS
from seldbench.contracts import Features
from seldbench.errors import BadRecipe
from seldbench.recipe import Stage


def check_layout(stage: Stage, features: Features) -> None:
    """Raises BadRecipe for features that do not hear what the stage does."""
    name = stage.features.name
    if not stage.each_microphone:
        if features.layout != stage.layout:
            raise BadRecipe(
                f"features {name!r} hear {features.layout!r} recordings,"
                f" the recipe's layout is {stage.layout!r}; make them agree"
            )
        return
    if features.layout != "mono" or CHANNELS.get(stage.layout, 1) == 1:
        raise BadRecipe(
            "each_microphone: features of one microphone ('mono') hear each of a layout with"
            f" several ('mic'); features {name!r} hear {features.layout!r} recordings, and the"
            f" recipe's layout is {stage.layout!r}; change them, or leave it out"
        )
    heard = {"inference": stage.inference, "validation": stage.validation}
    turned = [name for name, views in heard.items() if views is not None and views.rotations]
    if turned:
        raise BadRecipe(
            f"{turned[0]}.rotations: a microphone that is heard alone cannot be turned; leave it"
            " out, or each_microphone"
        )
    if stage.inputs:
        raise BadRecipe(
            "inputs: other stages hear whole clips, and this one each microphone alone; leave them"
            " out, or each_microphone"
        )


def stride(stage: Stage, hop: float) -> int:
    """The label frames of `hop` seconds that are brought to one of the recipe's grid.

    Raises:
        BadRecipe: a grid that is no whole number of them.
    """
    grid = stage.inference.grid
    if grid is None:
        return 1
    times = round(grid / hop)
    if times < 1 or abs(times * hop - grid) > 1e-6:
        raise BadRecipe(
            f"inference.grid: {grid:g} s is no multiple of the network's label frames of {hop:g} s;"
            " name one, or leave it out"
        )
    return times
