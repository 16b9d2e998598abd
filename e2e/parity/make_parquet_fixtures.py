"""Parquet files as pandas and datasets write them: one for each compression, three row groups, nulls, a dictionary.

    python e2e/parity/make_parquet_fixtures.py

Needs pyarrow 26. Read by workers/corpus/intake.test.ts.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent / "fixtures" / "parquet"
ROWS = 25


def main() -> None:
    HERE.mkdir(exist_ok=True)
    table = pa.table(
        {
            "id": pa.array(range(ROWS), pa.int64()),
            "content": [None if at == 7 else f"row {at}: 文本 {'word ' * (at % 5)}" for at in range(ROWS)],
            "channel": pa.array([["law", "news"][at % 2] for at in range(ROWS)]).dictionary_encode(),
        }
    )
    for codec in ["snappy", "gzip", "zstd", "brotli", "lz4", "none"]:
        pq.write_table(table, HERE / f"{codec}.parquet", compression=codec, row_group_size=10)


if __name__ == "__main__":
    main()
