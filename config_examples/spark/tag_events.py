"""Tags stored events with Spark.

    spark-submit --files schtag.wasm --py-files schtag_wasm.py tag_events.py INPUT OUTPUT

INPUT: text files with one JSON record a line. OUTPUT: Parquet with `raw` and `tag`, rows with a tag only.
Each executor needs wasmtime and pandas (with pyarrow) in its Python.
"""

import json
import sys

from pyspark import SparkFiles
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

IDS = "4698|4699|4700|4701|4702"


def tag_batches(batches):
    """mapInPandas: batches of `raw` in, batches of `raw` and `tag` out."""
    import pandas
    from schtag_wasm import of_process

    schtag = of_process(SparkFiles.get("schtag.wasm"))
    for batch in batches:
        tags = [tag_of(schtag, raw) for raw in batch["raw"]]
        tagged = pandas.DataFrame({"raw": batch["raw"], "tag": tags})
        yield tagged[tagged["tag"] != ""]


def tag_of(schtag, raw):
    """The tag of a record as JSON, "" for none. A record on which the filter fails is kept, and says so."""
    record = raw.encode()
    try:
        reply = schtag.filter(record)
    except Exception as error:
        return json.dumps({"verdict": "unreadable", "notes": [str(error)]})
    return "" if reply == record else json.dumps(json.loads(reply).get("schtag", ""), ensure_ascii=False)


def main(source, target):
    spark = SparkSession.builder.appName("schtag").getOrCreate()
    events = spark.read.text(source).withColumnRenamed("value", "raw")
    # Whatever shipped the record, its id is one of five numbers: the others need not leave the JVM.
    candidates = events.where(F.col("raw").rlike(IDS))
    tagged = candidates.mapInPandas(tag_batches, "raw string, tag string")
    tagged.write.mode("overwrite").parquet(target)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
