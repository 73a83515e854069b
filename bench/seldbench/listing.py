"""What `seldbench list KIND` prints; architectures are not imported for it."""

from collections.abc import Iterator

from seldbench import registry


def lines(kind: str) -> Iterator[str]:
    """The names of a kind; recipes with their variants, tables with their numbers and titles."""
    for name in registry.names(kind):
        if kind == "recipes":
            from seldbench.recipe import variants

            yield f"{name}  ({', '.join(variants(registry.data_file('recipes', name)))})"
        elif kind == "tables":
            from seldbench.tables import load

            paper = load(registry.data_file("tables", name))
            yield from (f"{name}/{number}  {table.title}" for number, table in paper.tables.items())
        else:
            yield name
