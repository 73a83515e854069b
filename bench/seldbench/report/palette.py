"""The colours of pages and figures, each under one name, for light and for dark pages.

Figures are drawn in the light colours. Inlined, each colour becomes `var(--name)`, so that it
follows the page; a figure's own file keeps the light ones. c0 ... c13 are for classes and curves,
as many as the largest set of classes with directions has: the Okabe-Ito set (all told apart by
colour-blind readers), then more.
"""

LIGHT = {
    "ink": "#1c2530",
    "muted": "#5b6876",
    "grid": "#dde3e9",
    "paper": "#ffffff",
    "panel": "#f5f7f9",
    "link": "#0b5cad",
    "warn": "#7a4b00",
    "warn-paper": "#fff3d6",
    "warn-line": "#e6b450",
    "truth": "#0a7d6c",
    "found": "#c4500c",
    "c0": "#0072b2",
    "c1": "#d55e00",
    "c2": "#009e73",
    "c3": "#cc79a7",
    "c4": "#e69f00",
    "c5": "#56b4e9",
    "c6": "#7a5195",
    "c7": "#8c6d31",
    "c8": "#3d4f5c",
    "c9": "#a3123f",
    "c10": "#6f9400",
    "c11": "#4a45c4",
    "c12": "#d0268a",
    "c13": "#00707f",
}
DARK = {
    "ink": "#e6ebf0",
    "muted": "#9fadba",
    "grid": "#33404c",
    "paper": "#12181e",
    "panel": "#1a222a",
    "link": "#7cb7f2",
    "warn": "#ffd98a",
    "warn-paper": "#33270d",
    "warn-line": "#8a6a1f",
    "truth": "#35c9b0",
    "found": "#ff9857",
    "c0": "#4aa8e0",
    "c1": "#ff8b3d",
    "c2": "#2fd0a0",
    "c3": "#e6a0c4",
    "c4": "#f5bd3d",
    "c5": "#8fd0f7",
    "c6": "#b690d6",
    "c7": "#c9a866",
    "c8": "#a8bac7",
    "c9": "#f0638c",
    "c10": "#b3d23c",
    "c11": "#9a9bff",
    "c12": "#ff6fc0",
    "c13": "#46b8c8",
}
SERIES = tuple(f"c{i}" for i in range(14))


def colour(index: int) -> str:
    """The light colour of the i-th class or curve."""
    return LIGHT[SERIES[index % len(SERIES)]]


def following_the_page(svg: str) -> str:
    """An SVG in light colours -> in the page's."""
    for name, value in LIGHT.items():
        svg = svg.replace(value, f"var(--{name})")
    return svg


def in_light(svg: str) -> str:
    """An SVG in the page's colours -> in light ones, for a file of its own."""
    for name, value in LIGHT.items():
        svg = svg.replace(f"var(--{name})", value)
    return svg
