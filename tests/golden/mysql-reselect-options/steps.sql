USE myresel2;
UPDATE doc SET title = 'one changed' WHERE id = 1;
-- @wait
USE myresel2;
UPDATE doc SET title = NULL, note = NULL WHERE id = 1;
-- @wait
USE myresel2;
UPDATE doc SET id = 2 WHERE id = 1;
-- @wait
USE myresel2;
BEGIN;
UPDATE doc SET title = NULL WHERE id = 2;
UPDATE doc SET title = 'second', body = 'short' WHERE id = 2;
COMMIT;
-- @wait
USE myresel2;
DELETE FROM doc WHERE id = 2;
-- @wait
USE myresel2;
BEGIN;
INSERT INTO kinds (id, dflt) VALUES (1, NULL);
UPDATE kinds SET ti = 5, si = -6, mi = 77, i = 8, bi = 7000000000, ub = 18446744073709551615, n = 12.5, r = 1.5, d = 2.25, b = 1, bits = b'101010101010', c = 'ab', v = 'ü', t = 'text', bin = 'ab', vb = x'0102', bl = x'ff00', dt = '2024-02-29', ts = '2024-02-29 12:34:56.789012', dtm = '2024-02-29 12:34:56.789', y = 2024, e = 'b', s = 'x,z', j = '{"a": [1, null]}', g = POINT(1, 2), dflt = 9, bo = true WHERE id = 1;
COMMIT;
-- @wait
USE myresel2;
BEGIN;
INSERT INTO kinds (id) VALUES (2);
DELETE FROM kinds WHERE id = 2;
COMMIT;
-- @wait
USE myresel2;
BEGIN;
INSERT INTO k_date VALUES ('2024-02-29', NULL);
UPDATE k_date SET note = 'later';
COMMIT;
BEGIN;
INSERT INTO k_datetime VALUES ('2024-02-29 12:34:56.789', NULL);
UPDATE k_datetime SET note = 'later';
COMMIT;
BEGIN;
INSERT INTO k_timestamp VALUES ('2024-02-29 12:34:56.789012', NULL);
UPDATE k_timestamp SET note = 'later';
COMMIT;
BEGIN;
INSERT INTO k_year VALUES (2024, NULL);
UPDATE k_year SET note = 'later';
COMMIT;
BEGIN;
INSERT INTO k_text VALUES ('it''s ä\\', NULL);
UPDATE k_text SET note = 'later';
COMMIT;
BEGIN;
INSERT INTO k_decimal VALUES (-12345.6789, NULL);
UPDATE k_decimal SET note = 'later';
COMMIT;
BEGIN;
INSERT INTO k_unsigned VALUES (18446744073709551615, NULL);
UPDATE k_unsigned SET note = 'later';
COMMIT;
BEGIN;
INSERT INTO k_binary VALUES ('ab', NULL);
UPDATE k_binary SET note = 'later';
COMMIT;
BEGIN;
INSERT INTO k_enum VALUES ('two', 'p,q', b'100000001', NULL);
UPDATE k_enum SET note = 'later';
COMMIT;
BEGIN;
INSERT INTO k_float VALUES (1.1, NULL);
UPDATE k_float SET note = 'later';
COMMIT;
BEGIN;
INSERT INTO k_double VALUES (1.1, NULL);
UPDATE k_double SET note = 'later';
COMMIT;
-- @wait
USE myresel2;
UPDATE nokey SET body = 'm';
-- @wait
USE myresel2;
BEGIN;
UPDATE masked SET cut = 'a' WHERE id = 1;
UPDATE masked SET secret = 'hidden', cut = 'much longer' WHERE id = 1;
COMMIT;
-- @wait
USE myresel2;
INSERT INTO doc VALUES (3, 'three', 'a body', x'0102', '{"k": 3}', 'n');
-- @wait
