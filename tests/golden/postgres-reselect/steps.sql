UPDATE doc SET title = 'one changed' WHERE id = 1;
-- @wait
UPDATE doc SET title = NULL, note = NULL WHERE id = 1;
-- @wait
UPDATE doc SET id = 2 WHERE id = 1;
-- @wait
BEGIN;
UPDATE doc SET title = 'first' WHERE id = 2;
UPDATE doc SET title = 'second', body = 'short' WHERE id = 2;
COMMIT;
-- @wait
DELETE FROM doc WHERE id = 2;
-- @wait
BEGIN;
INSERT INTO kinds (id, dflt) VALUES (1, NULL);
UPDATE kinds SET si = 5, i = -6, bi = 7000000000, n = 12.50, n2 = 3.14, r = 1.5, d = 2.25, b = true, c = 'ab', t = 'text', dt = '2024-02-29', tm = '12:34:56.789012', tz = '12:34:56+02', ts = '2024-02-29 12:34:56.789012', tsz = '2024-02-29 12:34:56.789012+02', iv = '1 year 2 days 3 hours', u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', ip = '10.0.0.1/8', j = '{"a": 1}', p = '(1,2)', m = 'ok', bits = '101', vb = '1011', mo = '12.34', x = '<a/>', arr = '{1,2}', tarr = '{a,NULL}', by = '\x0102', dflt = 9, mac = '08:00:2b:01:02:03', rng = '[1,5)' WHERE id = 1;
COMMIT;
-- @wait
BEGIN;
INSERT INTO kinds (id) VALUES (2);
DELETE FROM kinds WHERE id = 2;
COMMIT;
-- @wait
UPDATE keyed SET note = NULL;
-- @wait
UPDATE nokey SET note = 'x';
-- @wait
UPDATE full_row SET note = NULL WHERE id = 1;
-- @wait
BEGIN;
UPDATE full_row SET note = 'a' WHERE id = 1;
UPDATE full_row SET note = NULL WHERE id = 1;
UPDATE full_row SET note = 'z' WHERE id = 1;
COMMIT;
