-- A new module, with new rules: the function must go before the module that it is made of. Views that use it
-- fail in between. Then function.sql again, and history.sql for the months that the new rules shall see.

DROP FUNCTION schtag_tag;

DELETE FROM system.webassembly_modules WHERE name = 'schtag';
