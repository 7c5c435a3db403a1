"""What the documentation claims, measured: each script prints ratios from one run."""
