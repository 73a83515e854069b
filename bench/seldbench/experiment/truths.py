"""The truth of a clip as a network is given it: where nobody says it, or to tell whose errors the
answers' are."""

from collections.abc import Mapping

from seldbench.contracts import Clip
from seldbench.errors import BadRecipe
from seldbench.experiment.assembly import Assembly, make_format
from seldbench.inference.outputs import Given
from seldbench.recipe import Component


def truths(assembly: Assembly, formats: Mapping[str, Component], where: str) -> Given:
    """What a clip's own labels are in these formats, by the name of the network's input.

    Raises:
        BadRecipe, UnknownName: a format or arguments that nobody defines; when it is called, a clip
            whose labels are not known.
    """
    made = {
        name: make_format(f"{where}.{name}", chosen, assembly.classes)
        for name, chosen in formats.items()
    }
    frames, hop = assembly.frames, assembly.windowing.grid

    def of(clip: Clip) -> dict:
        try:
            return {name: form.encode(clip, 0.0, frames, hop) for name, form in made.items()}
        except ValueError as error:
            raise BadRecipe(f"{where}: {error}") from error

    return of
