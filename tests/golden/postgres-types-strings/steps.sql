INSERT INTO nums SELECT id+100, s,i,b,n,n0,n2,r,d,m,bo,p,m2,o FROM nums;
INSERT INTO txt SELECT k||'_s', t,c,v,ci,lt,q,nm,m,dt,x,j,jb,u,by,i13,ea,ts FROM txt;
INSERT INTO tim SELECT id+100, d,t,t2,tz,tz1,ts,ts0,ts2,ts5,tt,tt0,tt2,iv,iv2 FROM tim;
INSERT INTO arr SELECT id+100, ia,sa,ba,na,nv,ra,da,boa,ta,va,ca,cia,ua,dta,tsa,tza,ja,jba,bya,ma,ina,oa FROM arr;
INSERT INTO misc SELECT id+100, i,c,mac,m8,b1,b,vb,pt,i4,i8,nr,tr,tzr,dr,hs,bx,cp,mr,tq,pl FROM misc;
-- @wait
UPDATE nums SET s = 9 WHERE id = 102;
UPDATE txt SET c = 'new' WHERE k = 'two_s';
UPDATE tim SET d = d + 1 WHERE id = 102;
DELETE FROM arr WHERE id = 101;
ALTER TABLE misc REPLICA IDENTITY FULL;
UPDATE misc SET i = NULL WHERE id = 101;
DELETE FROM misc WHERE id = 103;
