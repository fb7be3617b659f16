CREATE TABLE product (
    code       text PRIMARY KEY,
    name_zh    text NOT NULL,
    name_en    text NOT NULL,
    collateral text NOT NULL CHECK (collateral IN ('phone', 'vehicle', 'real_estate', 'none'))
);
-- Frozen once used: a change of terms is a new version. Append-only.
CREATE TABLE product_version (
    product_code text    NOT NULL REFERENCES product,
    version      integer NOT NULL,
    terms        text    NOT NULL,              -- canonical JSON of the defaults a contract starts from
    from_date    date    NOT NULL,
    PRIMARY KEY (product_code, version)
);
