"""Draw the figures, as PNG."""

import io

import pandas as pd
from matplotlib.figure import Figure

from .model import Evaluation

COLOURS = {"Adelie": "#d55e00", "Chinstrap": "#7b4ea3", "Gentoo": "#00798c"}


def scatter(table: pd.DataFrame) -> bytes:
    """Draw bill length against flipper length, coloured by species."""
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, group in table.groupby("species"):
        x, y = group["flipper_length_mm"], group["bill_length_mm"]
        axes.scatter(x, y, s=22, alpha=0.75, linewidth=0, color=COLOURS[name], label=name)
    axes.set(xlabel="flipper length (mm)", ylabel="bill length (mm)")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def confusion(evaluation: Evaluation) -> bytes:
    """Draw how often each species was taken for each."""
    counts = evaluation.confusion
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues")
    ticks = range(len(evaluation.species))
    axes.set_xticks(ticks, evaluation.species)
    axes.set_yticks(ticks, evaluation.species)
    axes.set(xlabel="predicted", ylabel="true")
    for row in ticks:
        for column in ticks:
            colour = "white" if counts[row, column] > counts.max() / 2 else "black"
            axes.text(column, row, counts[row, column], ha="center", va="center", color=colour)
    axes.spines[:].set_visible(False)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()
