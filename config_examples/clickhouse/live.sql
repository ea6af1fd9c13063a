-- The same for rows that arrive from now on. An error in the function fails the insert into `events`; with
-- materialized_views_ignore_errors = 1 in the profile of the user who inserts, the rows are stored nevertheless.

CREATE MATERIALIZED VIEW IF NOT EXISTS detections_live TO detections AS
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
    SELECT time, raw, schtag_tag(raw, time) AS tag
    FROM (SELECT time, raw FROM events WHERE multiSearchAny(raw, ['4698', '4699', '4700', '4701', '4702']))
)
WHERE tag != '';
