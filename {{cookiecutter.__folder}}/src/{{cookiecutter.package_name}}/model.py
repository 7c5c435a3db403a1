"""Predict the species, and say how well that works."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import PredefinedSplit, StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 2020
FOLDS = 5


@dataclass(frozen=True)
class Evaluation:
    """How predictions compare with the truth.

    Attributes
    ----------
    species
        The names, in the order of the rows and columns of *confusion*.
    confusion
        Number of penguins of each true species (rows) that were taken for each species (columns).
    """

    species: list[str]
    confusion: np.ndarray

    @property
    def accuracy(self) -> float:
        """Share of the penguins whose species was predicted."""
        return float(self.confusion.trace() / self.confusion.sum())

    @property
    def baseline(self) -> float:
        """Accuracy of always naming the most common species."""
        return float(self.confusion.sum(axis=1).max() / self.confusion.sum())

    @property
    def recall(self) -> dict[str, float]:
        """Share of each species that was recognised."""
        shares = self.confusion.diagonal() / self.confusion.sum(axis=1)
        return dict(zip(self.species, map(float, shares), strict=True))


def classifier() -> Pipeline:
    """Return the untrained model."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def folds(measurements: pd.DataFrame, species: pd.Series) -> np.ndarray:
    """Return the fold of each penguin: those of a fold are predicted by a model of the others."""
    fold = np.empty(len(species), int)
    split = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(measurements, species)
    for number, (_, tested) in enumerate(split):
        fold[tested] = number
    return fold


def evaluate(
    measurements: pd.DataFrame, species: pd.Series, fold: np.ndarray | None = None
) -> Evaluation:
    """Predict each penguin with a model that has not seen it, and count."""
    split = PredefinedSplit(folds(measurements, species) if fold is None else fold)
    predicted = cross_val_predict(classifier(), measurements, species, cv=split)
    names = sorted(species.unique())
    return Evaluation(names, confusion_matrix(species, predicted, labels=names))
