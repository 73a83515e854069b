"""A recipe is a system: stages, training, post-processing, scorers and variants, in one TOML file.

`recipes/<architecture>/<dataset>.toml`. What stands at the top level holds for every stage; a table
under `[stages.NAME]` overrides it; a table under `[variants.NAME]` overrides both, on top of the
variant that it `extends`; `--set` has the last word. Tables merge key by key, except those whose
keys are a choice of their own (REPLACED) and the entries of some others (ENTRIES), which are taken
whole. Unknown keys are refused.
"""

from seldbench.recipe.model import (
    PROTOCOLS,
    SCORES,
    Head,
    Imported,
    Input,
    Origin,
    Pseudo,
    Recipe,
    Stage,
    Views,
)
from seldbench.recipe.post import ClipMask, Post, Tune
from seldbench.recipe.resolving import (
    canonical,
    merge,
    parse_setting,
    recipe_file,
    resolve,
    variants,
)
from seldbench.recipe.table import Component
from seldbench.recipe.training import Consistency, Decay, Training

__all__ = [
    "PROTOCOLS",
    "SCORES",
    "ClipMask",
    "Component",
    "Consistency",
    "Decay",
    "Head",
    "Imported",
    "Input",
    "Origin",
    "Post",
    "Pseudo",
    "Recipe",
    "Stage",
    "Training",
    "Tune",
    "Views",
    "canonical",
    "merge",
    "parse_setting",
    "recipe_file",
    "resolve",
    "variants",
]
