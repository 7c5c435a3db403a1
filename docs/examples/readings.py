"""Sum and sort a table that is larger than memory."""

import os
from pathlib import Path

import duckdb
import fsspec

DATA = os.environ.get("DATA", "data/interim/readings")
MEMORY = os.environ.get("MEMORY", "500MB")

# What does not fit into memory_limit goes to temp_directory, and comes back.
limits = {"memory_limit": MEMORY, "temp_directory": "data/interim/spill"}
for folder in ("data/interim/spill", "data/processed", "reports"):
    Path(folder).mkdir(parents=True, exist_ok=True)

with duckdb.connect(config=limits) as db:
    if "://" in DATA:
        # DuckDB asks for the bytes that it needs; a cache of 50 MB a file would only take memory.
        files, _ = fsspec.core.url_to_fs(DATA, default_cache_type="none")
        db.register_filesystem(files)
    readings = db.read_parquet(f"{DATA}/*/*.parquet", hive_partitioning=True)

    # Reads three of the twelve files, and two of their three columns.
    spring = readings.filter("month IN (3, 4, 5)").aggregate("month, meter, sum(wh) AS wh")
    spring.order("month, meter").write_csv("reports/spring.csv")

    # Sorts all of it: afterwards, the readings of a meter are in one place.
    readings.order("meter, month, second").write_parquet("data/processed/by-meter.parquet")
    print(f"{len(readings):,} readings")
