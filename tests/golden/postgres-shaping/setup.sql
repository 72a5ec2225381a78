CREATE SCHEMA "Odd Schema"; CREATE SCHEMA sales;
CREATE TABLE "Odd Schema"."Mixed-Case" ("Id" int, "sub key" varchar(10), "ünï" text, "a.b" int, PRIMARY KEY ("Id","sub key"));
INSERT INTO "Odd Schema"."Mixed-Case" VALUES (1,'a','ü',3);
CREATE TABLE sales.orders (order_no serial, region text NOT NULL, email varchar(50), phone varchar(20), note text, secret bytea, amount numeric(9,2), CONSTRAINT pk PRIMARY KEY (region, order_no));
INSERT INTO sales.orders(region,email,phone,note,secret,amount) VALUES ('eu','joe@example.com','+49 123','a long note indeed','\x1234',12.5),('us','x@y.z',NULL,'short',NULL,NULL);
CREATE TABLE sales.nopk (a int, b text); INSERT INTO sales.nopk VALUES (1,'x'),(1,'x');
CREATE TABLE sales.uq (a int NOT NULL, b text NOT NULL, c int); CREATE UNIQUE INDEX uq_ab ON sales.uq (b, a); INSERT INTO sales.uq VALUES (1,'x',2); ALTER TABLE sales.uq REPLICA IDENTITY FULL;
CREATE TABLE sales.hidden (id int PRIMARY KEY); INSERT INTO sales.hidden VALUES (1);
CREATE TABLE public.zz (id int PRIMARY KEY, gen int GENERATED ALWAYS AS (id * 2) STORED, v text); INSERT INTO zz VALUES (1, DEFAULT, 'v');
