"""The systems that seldbench ships: architectures, recipes and the tables of their papers."""
