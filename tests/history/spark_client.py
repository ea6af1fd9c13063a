"""The Python client of config_examples/spark, and its job where pyspark is installed and asked for.

    python spark_client.py MODULE RECORDS EXAMPLES
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from records import read

AT = 1_772_000_000  # as the records' tags were made


def client(path, records):
    """Every record comes out as from `schtag tag`, byte for byte, with memory and without."""
    remembering, alone = Schtag(path, remembers=True), Schtag(path)
    for record in records:
        if record.tagged is None:
            try:
                alone.filter(record.raw)
            except ValueError:
                continue
            raise AssertionError(f"{record.name}: a NUL was passed")
        reply = remembering.filter(record.raw, AT)
        assert reply == record.tagged, (record.name, reply[:300], record.tagged[:300])
        reply = alone.filter(record.raw, AT)
        assert reply.endswith(b'"schtag":' + record.tag.encode() + b"}") if record.tag else b'"schtag":' not in reply
    print(f"{len(records)} records, each as the filter's")


def job(module, records, examples):
    """The job, with spark-submit on this machine."""
    events = []
    for record in records:
        # One line each, and an id that the job looks for.
        if record.tagged is not None and record.name.startswith("sample") and b"4624" not in record.raw:
            events.append((record.raw.decode(), record.tag))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "events.ndjson").write_text("\n".join(raw for raw, _ in events * 3) + "\n")
        Path(folder, "schtag.wasm").write_bytes(Path(module).read_bytes())
        command = ["spark-submit", "--master", "local[2]", "--files", f"{folder}/schtag.wasm"]
        command += ["--py-files", f"{examples}/schtag_wasm.py", f"{examples}/tag_events.py"]
        command += [f"{folder}/events.ndjson", f"{folder}/out"]
        environment = os.environ | {"PYSPARK_PYTHON": sys.executable}
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
        import pandas

        found = pandas.read_parquet(f"{folder}/out")
        expected = {raw: json.loads(tag) for raw, tag in events if tag}
        count = sum(3 for _, tag in events if tag)
        assert len(found) == count, (len(found), count)
        for raw, tag in zip(found["raw"], found["tag"]):
            assert json.loads(tag) == expected[raw], raw
    print(f"{len(events) * 3} records through spark-submit, {len(found)} tagged")


if __name__ == "__main__":
    module, examples = sys.argv[1], sys.argv[3]
    sys.path.insert(0, examples)
    from schtag_wasm import Schtag

    samples = read(sys.argv[2])
    client(module, samples)
    if os.environ.get("SCHTAG_SPARK"):
        job(module, samples, examples)
    else:
        print("SKIPPED: the Spark job (SCHTAG_SPARK=1 runs it; it needs pyspark and Java)")
