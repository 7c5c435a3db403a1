"""Choose what the model sees."""

import pandas as pd

FEATURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def features(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the measurements and the species of the penguins that were measured completely."""
    complete = table.dropna(subset=FEATURES)
    return complete[FEATURES].astype(float), complete["species"]
