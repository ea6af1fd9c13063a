-- What is found goes into a table of its own. The events are in
--   events (time DateTime, raw String, ...), partitioned by month; `raw` is the record's JSON as the shipper sent it.

CREATE TABLE IF NOT EXISTS detections
(
    time DateTime,
    host LowCardinality(String),
    verdict LowCardinality(String),
    severity LowCardinality(String),
    title String,
    task String,
    user String,
    commands Array(String),
    rules Array(String),
    techniques Array(LowCardinality(String)),
    pack LowCardinality(String),
    tag String,
    raw String
)
ENGINE = MergeTree PARTITION BY toYYYYMM(time) ORDER BY (host, time);

-- The members that the table keeps, from a record, its time and its tag.
CREATE VIEW IF NOT EXISTS tagged_events AS
SELECT
    time,
    JSONExtractString(tag, 'host', 'name') AS host,
    JSONExtractString(tag, 'verdict') AS verdict,
    JSONExtractString(tag, 'severity') AS severity,
    JSONExtractString(tag, 'title') AS title,
    JSONExtractString(tag, 'task', 'name') AS task,
    JSONExtractString(tag, 'actor', 'user') AS user,
    JSONExtract(tag, 'task', 'commands', 'Array(String)') AS commands,
    arrayMap(rule -> JSONExtractString(rule, 'title'), JSONExtractArrayRaw(tag, 'rules')) AS rules,
    JSONExtract(tag, 'techniques', 'Array(String)') AS techniques,
    JSONExtractString(tag, 'pack') AS pack,
    tag,
    raw
FROM
(
    -- Whatever shipped the record, its id is one of five numbers: the others never reach the function.
    SELECT time, raw, schtag_tag(raw, time) AS tag
    FROM events
    PREWHERE multiSearchAny(raw, ['4698', '4699', '4700', '4701', '4702'])
)
WHERE tag != '';
