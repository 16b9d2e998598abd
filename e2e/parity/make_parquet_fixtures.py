"""Parquet files as pandas and datasets write them: one for each compression, three row groups, nulls, a dictionary; and three of the same
longer rows that are read in part: in row groups, in one group of small pages, and in one with an index of its pages.

    python e2e/parity/make_parquet_fixtures.py

Needs pyarrow 26. Read by workers/corpus/ingest tests.
"""

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent / "fixtures" / "parquet"
ROWS = 25
# Rows of the files that are read in part: row n begins with its number.
PARTS = 200


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

    generator = random.Random(7)
    rows = [f"{at}: {generator.randbytes(60).hex()}" for at in range(PARTS)]
    long = pa.table({"id": pa.array(range(PARTS), pa.int64()), "text": rows, "url": [f"https://example.org/{row[-100:]}" for row in rows]})
    options = {"compression": "snappy", "data_page_size": 2048, "write_batch_size": 10, "use_dictionary": False}
    pq.write_table(long, HERE / "groups.parquet", row_group_size=PARTS // 4, **options)
    pq.write_table(long, HERE / "pages.parquet", **options)
    pq.write_table(long, HERE / "indexed.parquet", write_page_index=True, **options)


if __name__ == "__main__":
    main()
