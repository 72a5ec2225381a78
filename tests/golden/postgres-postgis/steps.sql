INSERT INTO g SELECT id+10,p,g,gz,gg,ggg,ga FROM g;
-- @wait
UPDATE g SET g='SRID=3857;MULTIPOINT(1 1,2 2)' WHERE id=11;
