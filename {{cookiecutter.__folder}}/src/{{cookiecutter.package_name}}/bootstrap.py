"""Say how sure the evaluation is: 95 % intervals by the bootstrap."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config

from .model import SEED, Evaluation, evaluate, folds

RESAMPLES = 100  # for a paper rather 1000


@dataclass(frozen=True)
class Bootstrap:
    """Repeat the evaluation with penguins that are drawn, with replacement, from those measured.

    Each species keeps its number. Copies of a penguin stay in its fold, so no model is tested with
    a penguin that it has seen.
    """

    measurements: pd.DataFrame
    species: pd.Series
    fold: np.ndarray

    def evaluate(self, number: int) -> Evaluation:
        """Evaluate resample *number*, which has its own seed: it is the same wherever it runs."""
        random = np.random.default_rng([SEED, number])
        groups = self.species.groupby(self.species).indices.values()
        drawn = np.concatenate([random.choice(group, len(group)) for group in groups])
        with parallel_config("sequential"):  # a single fit is too short to be sent elsewhere
            return evaluate(
                self.measurements.iloc[drawn], self.species.iloc[drawn], self.fold[drawn]
            )


def evaluations(
    measurements: pd.DataFrame, species: pd.Series, numbers: Iterable[int]
) -> list[Evaluation]:
    """Evaluate the resamples *numbers*, side by side where `joblib.parallel_config` says so."""
    # The data travel inside this object with each task. As arguments, joblib would leave large ones
    # on one worker of a cluster, and lose them with it.
    bootstrap = Bootstrap(measurements, species, folds(measurements, species))
    # All at once, as more workers of a cluster may join later.
    return Parallel(pre_dispatch="all")(delayed(bootstrap.evaluate)(number) for number in numbers)


def interval(values: Iterable[float]) -> list[float]:
    """Return the bounds that leave 2.5 % of the values on each side."""
    return [round(float(bound), 4) for bound in np.percentile(list(values), [2.5, 97.5])]
