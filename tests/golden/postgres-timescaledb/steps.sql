INSERT INTO _timescaledb_internal._hyper_1_1_chunk VALUES ('2024-02-29 13:00:00+00', 'cellar', 11);
UPDATE _timescaledb_internal._hyper_1_1_chunk SET degrees = 12 WHERE place = 'cellar';
DELETE FROM _timescaledb_internal._hyper_1_1_chunk WHERE place = 'attic';
INSERT INTO _timescaledb_internal._hyper_2_2_chunk VALUES ('2024-02-29 00:00:00+00', 21.5);
DELETE FROM _timescaledb_internal._hyper_2_2_chunk;
INSERT INTO _timescaledb_internal._stray_chunk VALUES (1, 'nobody''s');
INSERT INTO extra."Piece 4" VALUES (1, 'x');
INSERT INTO public.plain VALUES (2, 'two');
TRUNCATE extra."Piece 4";
-- @wait
BEGIN;
CREATE TABLE _timescaledb_internal._hyper_1_5_chunk (at timestamptz, place text, degrees double precision, PRIMARY KEY (at, place));
INSERT INTO _timescaledb_catalog.chunk VALUES (5, 1, '_timescaledb_internal', '_hyper_1_5_chunk');
INSERT INTO _timescaledb_internal._hyper_1_5_chunk VALUES ('2024-03-01 13:00:00+00', 'cellar', 11);
COMMIT;
-- @wait
