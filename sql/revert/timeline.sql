BEGIN;

DROP TABLE shop.timeline;

-- sql/load brings it back

DELETE FROM shop.loaded;

COMMIT;
