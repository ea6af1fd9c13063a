"""The module as a ClickHouse function, in-process through chdb, with the SQL of config_examples/clickhouse.

    python clickhouse_udf.py MODULE RECORDS EXAMPLES

Prints what it did; any difference ends it with a traceback.
"""

import json
import struct
import sys
import tempfile
import time
from pathlib import Path

import chdb
from records import read

AT = 1_772_000_000  # 2026-02-25, as the records' tags were made
MONTH = 202602


def rows(query, form="JSONEachRow"):
    text = str(connection.query(query, form))
    return [json.loads(line) for line in text.splitlines() if line]


def statements(name):
    """The statements of an example, without comments."""
    lines = (examples / name).read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("--"))
    text = text.replace("'schtag.wasm'", f"'{module}'")
    return [part.strip() for part in text.split(";") if part.strip()]


def run(name):
    for statement in statements(name):
        connection.query(statement)


def refused(query):
    """The error with which ClickHouse ends a query."""
    try:
        connection.query(query)
    except Exception as error:
        return str(error)
    raise AssertionError(f"not refused: {query}")


def row_binary(values):
    """Rows of (String, DateTime)."""
    out = bytearray()
    for text, seconds in values:
        length = len(text)
        while length >= 0x80:
            out.append(length & 0x7F | 0x80)
            length >>= 7
        out.append(length)
        out += text + struct.pack("<I", seconds)
    return bytes(out)


def insert(table, values):
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(row_binary(values))
        file.flush()
        connection.query(
            f"INSERT INTO {table} (raw, time) SELECT * FROM file('{file.name}', 'RowBinary', 'raw String, time DateTime')"
        )


def create_events(table):
    connection.query(
        f"CREATE TABLE {table} (id UInt64 DEFAULT rowNumberInAllBlocks(), time DateTime, raw String) "
        "ENGINE = MergeTree PARTITION BY toYYYYMM(time) ORDER BY time"
    )


def unrelated(number):
    return json.dumps(
        {
            "ProviderName": "Microsoft-Windows-Security-Auditing",
            "EventID": 4688,
            "Channel": "Security",
            "Computer": f"ws-{number % 97}.corp.example",
            "EventRecordID": number * 5,
            "StringInserts": ["S-1-5-18", f"C:\\Program Files\\App {number}\\app.exe", "x" * (number % 2000)],
        }
    ).encode()


def same_tags(records):
    """Each record, all sorts of bytes among them, gets the tag that the filter gives it."""
    create_events("samples")
    insert("samples", [(record.raw, AT) for record in records])
    expected = {}
    for record in records:
        expected[record.raw.hex().upper()] = record
    found = rows("SELECT hex(raw) AS key, schtag_tag(raw, time) AS tag FROM samples")
    assert len(found) == len(records), (len(found), len(records))
    tagged = 0
    for row in found:
        record = expected[row["key"]]
        if record.tag is None:
            assert json.loads(row["tag"])["verdict"] == "repaired", record.name
        else:
            assert row["tag"] == record.tag, (record.name, row["tag"], record.tag)
        tagged += row["tag"] != ""
    assert tagged > 100, tagged
    print(f"{len(found)} records, {tagged} with a tag, each as the filter's")


def many_rows(records):
    """20,000 mixed rows through the examples: every detection is there, once."""
    create_events("events")
    for name in ["detections.sql", "live.sql"]:
        run(name)
    connection.query(f"SET param_month = {MONTH}")
    candidates = [record for record in records if record.tag is not None and len(record.raw) < 20_000]
    ids = [b"4698", b"4699", b"4700", b"4701", b"4702"]
    batch, expected = [], 0
    for number in range(20_000):
        if number % 10 == 0:
            record = candidates[number // 10 % len(candidates)]
            expected += record.tag != "" and any(value in record.raw for value in ids)
            batch.append((record.raw, AT + number % 1000))
        else:
            batch.append((unrelated(number), AT + number % 1000))
    insert("events", batch)
    live = rows("SELECT count() AS n FROM detections")[0]["n"]
    assert int(live) == expected, (live, expected)
    start = time.monotonic()
    run("history.sql")
    seconds = time.monotonic() - start
    again = rows("SELECT count() AS n, countIf(verdict = '' OR pack = '') AS bare FROM detections")[0]
    assert int(again["n"]) == expected, (again, expected)
    tags = {record.tag for record in candidates}
    stored = rows("SELECT DISTINCT tag FROM detections")
    assert stored and all(row["tag"] in tags for row in stored)
    all_rows = rows("SELECT count() AS n, countIf(schtag_tag(raw, time) != '') AS tagged FROM events")[0]
    assert int(all_rows["n"]) == 20_000 and int(all_rows["tagged"]) >= expected, all_rows
    severity = rows("SELECT severity, count() AS n FROM detections GROUP BY severity ORDER BY severity")
    assert {"high", "critical"} <= {row["severity"] for row in severity}, severity
    print(f"20,000 rows, {expected} detections, in {seconds:.1f} s:", severity)


def the_page():
    """Every query of docs/clickhouse.md runs, and finds something."""
    page = (examples / "../../docs/clickhouse.md").read_text()
    queries = [
        query.strip()
        for block in page.split("```sql\n")[1:]
        for query in block.split("```")[0].split(";\n")
        if query.strip()
    ]
    found = [rows(query) for query in queries]
    assert len(queries) >= 5 and all(found), queries
    assert json.loads(next(iter(found[0][0].values())))["severity"] == "high", found[0]
    print(f"{len(queries)} queries of docs/clickhouse.md")


def small_blocks_and_few_instances():
    """However the rows are cut into calls, the tags are the same."""
    query = "SELECT sum(cityHash64(raw, schtag_tag(raw, time))) AS sum FROM samples SETTINGS "
    settings = [
        "max_threads = 1",
        "max_threads = 4, webassembly_udf_max_instances = 2",
        "webassembly_udf_max_input_block_size = 1",
        "webassembly_udf_max_input_block_size = 7, max_block_size = 11",
        "webassembly_udf_input_split_memory_ratio = 0, webassembly_udf_max_memory = 1073741824",
    ]
    sums = {rows(query + setting)[0]["sum"] for setting in settings}
    assert len(sums) == 1, sums
    print(f"{len(settings)} ways to cut rows into calls: the same tags")


def wrong_uses():
    """A declaration that does not fit is an error or says so, and is never silence."""
    make = (
        "CREATE FUNCTION {} LANGUAGE WASM FROM 'schtag' :: 'clickhouse_tag' ARGUMENTS ({}) RETURNS String "
        "ABI BUFFERED_V1 SETTINGS serialization_format = '{}'"
    )
    declarations = {
        "only_text": ("record String", "RowBinary", "raw"),
        "number": ("record String, time UInt64", "RowBinary", "raw, toUInt64(time)"),
        "as_text": ("record String, time DateTime", "TSV", "raw, time"),
    }
    for name, (arguments, form, call) in declarations.items():
        connection.query(make.format(name, arguments, form))
        error = refused(f"SELECT {name}({call}) FROM samples")
        assert "Unexpected result" in error or "Cannot" in error, (name, error)
    note = str(connection.query("SELECT only_text('{}')", "TSVRaw"))
    assert "must be (String, DateTime)" in note, note
    create_events("large")
    task = {"EventID": 4698, "Channel": "Security", "TaskName": "\\T", "TaskContent": "<Task>" + " " * 3_000_000}
    insert("large", [(json.dumps(task).encode(), AT)])
    little = "SELECT sum(length(schtag_tag(raw, time))) FROM samples SETTINGS "
    error = refused(little + "webassembly_udf_max_memory = 65536")
    assert "emory" in error, error
    # Where it starts and a large record does not fit, that is said of this record.
    said = rows("SELECT schtag_tag(raw, time) AS tag FROM large SETTINGS webassembly_udf_max_memory = 16777216")
    assert [json.loads(row["tag"])["verdict"] for row in said] == ["unreadable"], said
    # After errors the function works as before.
    assert rows("SELECT schtag_tag('{\"a\":1}', now()) AS tag")[0]["tag"] == ""
    print(f"{len(declarations)} wrong declarations and too little memory: errors, and no harm")


def replaced():
    """The steps of update.sql, and the function is there again."""
    for name in ["update.sql", "function.sql"]:
        run(name)
    assert int(rows("SELECT sum(length(schtag_tag(raw, time))) AS n FROM samples")[0]["n"]) > 0
    print("module and function replaced")


if __name__ == "__main__":
    module, examples = sys.argv[1], Path(sys.argv[3])
    connection = chdb.connect(":memory:?allow_experimental_webassembly_udf=1")
    samples = read(sys.argv[2])
    print("ClickHouse", rows("SELECT version() AS version")[0]["version"])
    run("function.sql")
    same_tags(samples)
    many_rows(samples)
    the_page()
    small_blocks_and_few_instances()
    wrong_uses()
    for function in ["only_text", "number", "as_text"]:
        connection.query(f"DROP FUNCTION {function}")
    replaced()
