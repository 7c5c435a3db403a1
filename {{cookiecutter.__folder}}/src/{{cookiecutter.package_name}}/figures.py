"""Draw the figures, as SVG: sharp on every screen and in print."""

import io

import matplotlib as mpl
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
    return _svg(figure)


def confusion(evaluation: Evaluation) -> bytes:
    """Draw the confusion matrix: how often each species was predicted as each."""
    counts = evaluation.confusion
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    shown = axes.imshow(counts, cmap="Blues", vmin=0)
    figure.colorbar(shown, ax=axes, label="penguins").outline.set_visible(False)
    ticks = range(len(evaluation.species))
    axes.set_xticks(ticks, evaluation.species)
    axes.set_yticks(ticks, evaluation.species)
    axes.set(xlabel="predicted species", ylabel="true species")
    for row in ticks:
        for column in ticks:
            colour = "white" if counts[row, column] > counts.max() / 2 else "black"
            axes.text(column, row, counts[row, column], ha="center", va="center", color=colour)
    axes.spines[:].set_visible(False)
    return _svg(figure)


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # Without a date, and with names that do not change, each run gives the same bytes.
    with mpl.rc_context({"svg.hashsalt": "figure"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
