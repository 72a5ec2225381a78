USE `advk`;
START TRANSACTION; UPDATE nokey SET b='y' LIMIT 1; DELETE FROM nokey LIMIT 1; INSERT INTO uniq VALUES (5,'c',NULL) ON DUPLICATE KEY UPDATE c=9; SAVEPOINT s; INSERT INTO uniq VALUES (6,'d',NULL); ROLLBACK TO s; REPLACE INTO uniq VALUES (1,'b',77); COMMIT;
UPDATE uniq SET a = a + 100; UPDATE `we ird.tab-le$` SET `k.2`='b', `select`=NULL; DELETE FROM parent WHERE id=1;
UPDATE parent, child SET parent.id = parent.id WHERE 1=0; UPDATE uniqnull SET a = 7; DELETE FROM uniqnull;
UPDATE masked SET secret='neu', note=REPEAT('ü',30), card='12' WHERE id=1; DELETE FROM masked WHERE id=2;
TRUNCATE TABLE masked; TRUNCATE nokey;
INSERT INTO masked VALUES (3,'😀 emoji','x','😀😀😀😀😀',x'','1','abc');
