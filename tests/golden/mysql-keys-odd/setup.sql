DROP DATABASE IF EXISTS `advk`; CREATE DATABASE `advk`;
USE `advk`;

CREATE TABLE nokey (a INT, b VARCHAR(20));
CREATE TABLE uniq (a INT NOT NULL, b VARCHAR(20) NOT NULL, c INT, UNIQUE KEY u2 (b), UNIQUE KEY u1 (a));
CREATE TABLE uniqnull (a INT NULL, b INT NOT NULL, UNIQUE KEY (a), UNIQUE KEY (b, a));
CREATE TABLE `we ird.tab-le$` (`id col` INT, `k.2` VARCHAR(9), `ünï` INT, `select` INT, PRIMARY KEY (`k.2`, `id col`));
CREATE TABLE parent (id INT PRIMARY KEY); CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent(id) ON DELETE CASCADE);
CREATE TABLE masked (id INT PRIMARY KEY, secret VARCHAR(40), card CHAR(16), note TEXT, blobby BLOB, num INT, e ENUM('abc','defgh'));
INSERT INTO nokey VALUES (1,'x'),(1,'x'); INSERT INTO uniq VALUES (1,'b',2); INSERT INTO uniqnull VALUES (NULL,3); INSERT INTO `we ird.tab-le$` VALUES (1,'a',2,3);
INSERT INTO parent VALUES (1),(2); INSERT INTO child VALUES (10,1),(11,1),(12,2);
INSERT INTO masked VALUES (1,'geheim','4111111111111111','a long note with ümläuts',x'00ff',5,'defgh'),(2,NULL,NULL,'',NULL,NULL,NULL);
