"""Reduce an array that is larger than memory: the mean of each year, and a map of each month."""

import os
from pathlib import Path

import numpy as np
import xarray as xr

DATA = os.environ.get("DATA", "data/interim/field.zarr")

# Reads the coordinates only. With chunks={}, each stored chunk is read when its turn comes.
field = xr.open_zarr(DATA, chunks={}, consolidated=False)

area = np.cos(np.deg2rad(field.latitude)).astype("float32")
daily = field.temperature.weighted(area).mean(["latitude", "longitude"])
yearly = daily.groupby("time.year").mean()

# First shrink in the stored order, then regroup: groupby over all days would hold far more.
months = field.temperature.resample(time="MS").mean()
monthly = months.groupby("time.month").mean()

# compute() reads the array, chunk by chunk, and keeps the result, which fits into memory.
Path("reports").mkdir(exist_ok=True)
yearly.compute().to_dataframe("temperature").to_csv("reports/yearly.csv")
monthly.compute().to_dataset().to_zarr("data/processed/monthly.zarr", mode="w", consolidated=False)
print(f"{field.sizes['time']} days, {field.nbytes / 1e9:.1f} GB")
