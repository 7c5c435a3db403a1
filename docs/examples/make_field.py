"""Make an array that is larger than memory: the temperature of each day on a grid, for years.

DATA is a folder or a URL (s3://, gs://, abfs://), GIGABYTES the size of the array.
"""

import os

import dask.array as da
import numpy as np
import pandas as pd
import xarray as xr

DATA = os.environ.get("DATA", "data/interim/field.zarr")
GIGABYTES = float(os.environ.get("GIGABYTES", "4"))

DAYS, ROWS, COLUMNS = 365, 180, 360
season = 10 * np.cos(np.linspace(0, 2 * np.pi, DAYS, endpoint=False)).astype("float32")

for year in range(max(1, round(GIGABYTES * 1e9 / (4 * DAYS * ROWS * COLUMNS)))):
    # A chunk of 73 days has 9 MB, and is one file or one object.
    random = da.random.default_rng(year)
    noise = random.standard_normal((DAYS, ROWS, COLUMNS), dtype="float32", chunks=(73, 90, 360))
    part = xr.Dataset(
        {"temperature": (("time", "latitude", "longitude"), noise - season[:, None, None])},
        {
            "time": pd.date_range(f"{1980 + year}-01-01", periods=DAYS),
            "latitude": np.linspace(-89.5, 89.5, ROWS),
            "longitude": np.linspace(-179.5, 179.5, COLUMNS),
        },
    )
    # Each year is written before the next one is made.
    how = {"append_dim": "time"} if year else {"mode": "w"}
    part.to_zarr(DATA, consolidated=False, **how)
