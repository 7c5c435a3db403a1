"""The examples of data larger than memory, under a limit of memory, on real S3 and in a folder."""
