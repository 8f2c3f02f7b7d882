-- The share of a claim of so many rows and bytes that a row takes: ClaimLimit.CostOf in SQL. A claim takes rows until their costs
-- reach 1, and always the first.
CREATE OR REPLACE FUNCTION {{outbox.claim_cost}}(octets bigint, unfinished integer, most bigint, most_bytes bigint)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN unfinished >= 3 THEN 1
        ELSE greatest(1 / most::double precision, octets / most_bytes::double precision) * power(8, unfinished)
    END::double precision
$$;
