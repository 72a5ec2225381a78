CREATE EXTENSION postgis;
CREATE TABLE g (id int PRIMARY KEY, p geometry(Point,4326), g geometry, gz geometry(PointZ), gg geography(Point,4326), ggg geography, ga geometry[]);
INSERT INTO g VALUES (1, 'SRID=4326;POINT(1 2)', 'POLYGON((0 0,0 1,1 1,0 0))', 'POINT Z (1 2 3)', 'SRID=4326;POINT(-71 42)', 'LINESTRING(0 0,1 1)', ARRAY['POINT(1 1)'::geometry]), (2,NULL,NULL,NULL,NULL,NULL,NULL);