INSERT INTO "Odd Schema"."Mixed-Case" VALUES (2,'b',NULL,4);
UPDATE "Odd Schema"."Mixed-Case" SET "sub key"='c' WHERE "Id"=2;
DELETE FROM "Odd Schema"."Mixed-Case" WHERE "Id"=1;
UPDATE sales.orders SET email='new@example.org', note=repeat('long ', 10) WHERE region='eu';
UPDATE sales.orders SET region='ap' WHERE region='eu';
DELETE FROM sales.orders WHERE region='us';
INSERT INTO sales.nopk VALUES (2,'y');
INSERT INTO sales.uq VALUES (3,'z',4);
UPDATE sales.uq SET c=5 WHERE a=1;
-- @wait
ALTER TABLE sales.nopk REPLICA IDENTITY FULL; UPDATE sales.nopk SET b='q' WHERE a=2; DELETE FROM sales.nopk WHERE a=1;
ALTER TABLE sales.uq REPLICA IDENTITY USING INDEX uq_ab; UPDATE sales.uq SET b='w' WHERE a=3; DELETE FROM sales.uq WHERE a=1;
INSERT INTO zz VALUES (2, DEFAULT, 'w'); UPDATE zz SET v='x' WHERE id=2; UPDATE zz SET id=3 WHERE id=2;
INSERT INTO sales.hidden VALUES (2);
TRUNCATE sales.uq, sales.nopk;
-- @wait
INSERT INTO zz VALUES (9, DEFAULT, 'end');
