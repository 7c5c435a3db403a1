"""The generated project on a Dask cluster of processes, and what is wrong with one."""
