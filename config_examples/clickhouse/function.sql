-- Loads the module and makes the function. schtag.wasm lies in the server's user_files folder; from another machine:
--   clickhouse-client --query "INSERT INTO system.webassembly_modules (name, code)
--     SELECT 'schtag', code FROM input('code String') FORMAT RawBlob" < schtag.wasm
-- Needs the rights CREATE FUNCTION, and INSERT on system.webassembly_modules.

INSERT INTO system.webassembly_modules (name, code)
SELECT 'schtag', raw_blob FROM file('schtag.wasm', 'RawBLOB');

-- The tag of a record, as JSON; '' when there is nothing to say. `time` is for exceptions that end on a day.
-- Without limit on fuel: the module bounds its own time, and the limit that ClickHouse sets
-- otherwise (webassembly_udf_max_fuel = 100000) is reached by ordinary blocks of task events.
CREATE FUNCTION schtag_tag
LANGUAGE WASM FROM 'schtag' :: 'clickhouse_tag'
ARGUMENTS (record String, time DateTime) RETURNS String
ABI BUFFERED_V1
DETERMINISTIC
SETTINGS serialization_format = 'RowBinary', webassembly_udf_enable_fuel = false;
