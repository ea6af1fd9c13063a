-- One month of what is stored. Run it for each month, the newest first:
--   for month in 202602 202601 202512; do clickhouse-client --param_month=$month --queries-file history.sql; done
-- A month is done anew (after new rules, or when it was broken off) from the start: its partition is dropped first.
-- That also drops what the view of live.sql has found in that month, and finds it again.

ALTER TABLE detections DROP PARTITION {month:UInt32};

INSERT INTO detections
SELECT * FROM tagged_events WHERE toYYYYMM(time) = {month:UInt32}
SETTINGS max_threads = 4, webassembly_udf_max_memory = 268435456;
