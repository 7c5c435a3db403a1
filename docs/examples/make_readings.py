"""Make a table that is larger than memory: readings of electricity meters, a folder for each month.

DATA is a folder or a URL (s3://, gs://, abfs://), GIGABYTES the size of the table.
"""

import os

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DATA = os.environ.get("DATA", "data/interim/readings")
GIGABYTES = float(os.environ.get("GIGABYTES", "4"))

METERS, SECONDS, MOST, BYTES_OF_A_ROW = 100_000, 28 * 86_400, 10_000, 12
rows = round(GIGABYTES * 1e9 / BYTES_OF_A_ROW / 12)
schema = pa.schema([(name, pa.int32()) for name in ("meter", "second", "wh")])

files, folder = fsspec.core.url_to_fs(DATA)
for month in range(1, 13):
    random = np.random.default_rng(month)
    files.makedirs(f"{folder}/month={month}", exist_ok=True)
    name = f"{folder}/month={month}/readings.parquet"
    with files.open(name, "wb") as file, pq.ParquetWriter(file, schema) as writer:
        for start in range(0, rows, 1_000_000):
            count = min(1_000_000, rows - start)
            columns = [random.integers(0, n, count, "int32") for n in (METERS, SECONDS, MOST)]
            writer.write_table(pa.table(columns, schema=schema))
