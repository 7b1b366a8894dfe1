"""Tables of the catalogue, as numbered migrations. One that was released is never changed.

Every holding has as its id the place of its act in the log plus one, so the order of ids is the
order of accession. All that is a set of products (those with a value, in a facet, public, newest)
is kept as bitmaps in blocks of 65,536 ids: ``name`` says of what, ``word`` which value,
``posting`` has the blocks, numbered ``word * 65536 + block``. A change touches only the blocks of
the products it adds, and stamps them with its number, by which a cache knows what to read anew.

``begin`` and ``end`` of an observation are its start and its stop, each of them the other where it
is not known. Times are microseconds since 1970. Files lie in the order of products and have no
index by digest: digests come in no order, and each run would rewrite a good part of it.
"""

from typing import Final

APPLICATION_ID: Final = 0x5052_4C4E
"""``PRLN``, in the header of the file."""

_FIRST = """
CREATE TABLE state (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT INTO state VALUES ('applied', 0), ('change', 0), ('words', 0), ('fixity', '');

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  released INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE product (
  id INTEGER PRIMARY KEY,
  lid TEXT NOT NULL,
  major INTEGER NOT NULL,
  minor INTEGER NOT NULL,
  accessioned INTEGER NOT NULL,
  delivery INTEGER NOT NULL REFERENCES delivery,
  lifecycle TEXT NOT NULL,
  releasability TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  title TEXT NOT NULL,
  start INTEGER,
  begin INTEGER,
  end INTEGER
);
CREATE UNIQUE INDEX product_lidvid ON product (lid, major, minor);
CREATE INDEX product_accessioned ON product (accessioned);
CREATE INDEX product_delivery ON product (delivery);
CREATE INDEX product_bytes ON product (bytes);
CREATE INDEX product_title ON product (title);
CREATE INDEX product_begin ON product (begin) WHERE begin IS NOT NULL;
CREATE INDEX product_end ON product (end) WHERE end IS NOT NULL;

CREATE TABLE document (id INTEGER PRIMARY KEY, body BLOB NOT NULL);

CREATE TABLE file (
  product INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (product, sha256)
) WITHOUT ROWID;

CREATE TABLE member (
  owner INTEGER NOT NULL,
  lid TEXT NOT NULL,
  major INTEGER NOT NULL,
  minor INTEGER NOT NULL,
  PRIMARY KEY (owner, lid, major, minor)
) WITHOUT ROWID;
CREATE INDEX member_target ON member (lid, major, minor);

CREATE VIRTUAL TABLE footprint USING rtree (
  id, x0, x1, y0, y1, z0, z1, +product INTEGER, +body TEXT, +shape TEXT
);

CREATE VIRTUAL TABLE words USING fts5 (
  title, identifier, description, keywords, context, content = '', tokenize = 'ascii'
);

CREATE TABLE name (
  id INTEGER PRIMARY KEY,
  space TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (space, name)
);

CREATE TABLE word (
  name INTEGER NOT NULL,
  text TEXT NOT NULL,
  id INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  number NOT NULL,
  PRIMARY KEY (name, text)
) WITHOUT ROWID;
CREATE INDEX word_number ON word (name, kind, number, text) WHERE kind < 2;

CREATE TABLE posting (id INTEGER PRIMARY KEY, change INTEGER NOT NULL, bits NOT NULL);
"""

_RECORDED = """
CREATE TABLE act (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  is_open INTEGER NOT NULL,
  ordered TEXT NOT NULL,
  lidvid TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX act_kind ON act (kind);
CREATE INDEX act_ordered ON act (ordered) WHERE ordered <> '';
CREATE INDEX act_lidvid ON act (lidvid) WHERE lidvid <> '';
"""

_EMBARGO = """
ALTER TABLE product ADD COLUMN embargo TEXT NOT NULL DEFAULT '';
ALTER TABLE product ADD COLUMN release_at INTEGER;
ALTER TABLE product ADD COLUMN seal INTEGER;
CREATE INDEX product_embargo ON product (embargo) WHERE embargo <> '';
"""

_STANDING = """
ALTER TABLE product ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
CREATE TABLE standing (
  lidvid TEXT PRIMARY KEY,
  cleared TEXT NOT NULL DEFAULT 'national',
  withdrawn INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""

_COPIES = """
ALTER TABLE product ADD COLUMN is_copy INTEGER NOT NULL DEFAULT 0;
CREATE INDEX product_partner ON product (releasability) WHERE releasability = 'partner';
"""

MIGRATIONS: Final = (_FIRST, _RECORDED, _EMBARGO, _STANDING, _COPIES)
"""What makes version N+1 of the file out of version N."""
