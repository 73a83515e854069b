"""Data sets, one a file; opened and simulated by name."""

from inspect import signature
from pathlib import Path
from typing import Any

from seldbench import registry
from seldbench.contracts import Dataset
from seldbench.errors import UnknownName

DATA = Path("data")  # where data sets lie unless --data-root or SELDBENCH_DATA says otherwise


def open_dataset(name: str, root: Path | None) -> Dataset:
    """The data set of that name in `root` (None: the folder `data` here).

    Raises:
        UnknownName: nobody defines it.
        MissingData: the set is not there.
    """
    dataset: Dataset = registry.find("datasets", name)(root or DATA)
    return dataset


def simulate(name: str, root: Path | None, **options: Any) -> Path:
    """Make a simulated set in `root`; its folder. The options are its simulator's.

    Raises:
        UnknownName: no data set of that name, one that is not simulated, or an option that its
            simulator does not have.
    """
    make = registry.find("datasets", name)
    if not hasattr(make, "simulate"):
        simulated = [n for n in registry.names("datasets") if n.endswith("-sim")]
        raise UnknownName(f"{name} is not a simulated set; there are: {', '.join(simulated)}")
    known = signature(make.simulate).parameters
    foreign = [f"--{option.replace('_', '-')}" for option in options if option not in known]
    if foreign:
        raise UnknownName(f"{name} is made without {', '.join(foreign)}; leave that out")
    make.simulate(root or DATA, **options)
    return (root or DATA) / name
