-- The bytes of a row that a claim reads: payload, headers and result. The server knows them without reading what is stored apart.
CREATE OR REPLACE FUNCTION {{outbox.octets}}(payload text, headers text, result text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(octet_length(payload), 0)::bigint + coalesce(octet_length(headers), 0) + coalesce(octet_length(result), 0)
$$;
