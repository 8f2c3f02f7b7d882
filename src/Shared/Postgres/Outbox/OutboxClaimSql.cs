using Relaybox.Outbox;

namespace Relaybox.Postgres;

/// <summary>The statements that claim.</summary>
/// <remarks>
/// Each row that a claim may take is found by an index whose order is that of the claim, with a limit that the server knows
/// when it plans. So the cost that it expects stays small however large the table is and however little its statistics
/// know; otherwise it would compile the statement anew for each claim (JIT), which takes longer than the claim.
/// </remarks>
/// <param name="names">The tables.</param>
/// <param name="take">What becomes of a row that is taken.</param>
internal sealed class OutboxClaimSql(PostgresNames names, OutboxTake take)
{
    /// <summary>The condition of the index on what stands in the way of its key, to the letter.</summary>
    internal const string Keyed =
        "o.ordering_key IS NOT NULL AND o.status <> 'sent' AND (o.skipped_at IS NULL OR o.status IN ('pending', 'publishing'))";

    private const string Due = "o.status = 'pending' AND o.available_at <= now()";

    private const string Ended = "o.status = 'publishing' AND o.lease_until <= now()";

    private const string DueUnkeyed = $"{Due} AND o.ordering_key IS NULL";

    private const string EndedUnkeyed = $"{Ended} AND o.ordering_key IS NULL";

    /// <summary>
    /// Claims up to $3 due rows of up to $4 bytes without a key, under token $1 for $2: nearly always all there is; $5 is
    /// <see cref="OutboxClaim.MaxUnfinished"/>. One answer's row at least, which says whether there may be others: keyed ones that
    /// are due, or claims whose lease has ended.
    /// </summary>
    internal string ClaimPlain { get; } = $"SELECT * FROM {take.Plain(names)}";

    /// <summary>
    /// Claims up to $3 rows of up to $8 bytes, of which keyed rows leave room for $4 others where there are so many, under token $1 for $2. Looks
    /// at the keys of the $6 due rows from place $5 on, and takes of each key at most $7 rows: its first unsent one and those that follow it,
    /// without a gap. One answer's row at least, with the place where to go on; null: there are no more keys.
    /// </summary>
    internal string ClaimByTime { get; } = Claim(names, take, $"SELECT * FROM {names.DueHeads}($5, $6)");

    /// <summary>The same of the next $6 keys from place $5 on, whether rows of them are due or not.</summary>
    internal string ClaimByKey { get; } = Claim(
        names,
        take,
        $"""
        SELECT ordering_key, claimable, n, ordering_key || chr(1) AS place, CASE WHEN n = $6 THEN ordering_key || chr(1) END AS last_place
        FROM {names.Heads}($5, $6)
        """);

    /// <summary>What the claim of token $1, of up to $2 bytes, holds whose answer was lost.</summary>
    internal string FindClaimed { get; } =
        $"""
        SELECT {OutboxColumns.ClaimColumns(names, "o", "o.unfinished - 1", "$2")}
        FROM {names.Outbox} o WHERE o.status = 'publishing' AND o.claim_token = $1
        """;

    /// <summary>Claims one row of up to $4 bytes by its id, unless an earlier one of its key stands in the way.</summary>
    internal string ClaimOne { get; } =
        $"""
        UPDATE {names.Outbox} o
        SET status = 'publishing', claim_token = $2, claimed_at = now(), lease_until = now() + $3,
            unfinished = o.unfinished + (o.claim_token IS DISTINCT FROM $2)::integer
        WHERE o.event_id = $1
          AND (o.status = 'pending' OR (o.status = 'publishing' AND (o.lease_until <= now() OR o.claim_token = $2)))
          AND NOT EXISTS (
              SELECT FROM {names.Outbox} earlier
              WHERE {Keyed.Replace("o.", "earlier.", StringComparison.Ordinal)}
                AND earlier.ordering_key = o.ordering_key AND earlier.row_id < o.row_id)
        RETURNING {OutboxColumns.ClaimColumns(names, "o", "o.unfinished - 1", "$4")}
        """;

    private static string Claim(PostgresNames names, OutboxTake take, string heads) =>
        $"""
        WITH heads AS (
            {heads}
        ),
        -- What unkeyed rows need of the batch, at most what is theirs: keyed rows get all the rest.
        room AS (
            SELECT $3 - count(*) AS keyed FROM
                (SELECT 1 FROM ((SELECT 1 FROM {names.Outbox} o WHERE {DueUnkeyed} ORDER BY o.available_at, o.row_id LIMIT $4)
                                UNION ALL
                                (SELECT 1 FROM {names.Outbox} o WHERE {EndedUnkeyed} ORDER BY o.lease_until, o.row_id LIMIT $4)) waiting
                 LIMIT $4) theirs
        ),
        chosen AS (
            SELECT ordering_key, n FROM heads WHERE claimable ORDER BY n LIMIT (SELECT keyed FROM room)
        ),
        candidates AS (
            SELECT r.row_id, r.ordering_key, r.place, r.cost, r.unfinished, chosen.n
            FROM chosen CROSS JOIN LATERAL
                -- A range, not an equation: where the statistics know of one key alone, all rows would be read in the order of their numbers.
                (SELECT o.row_id, o.ordering_key, row_number() OVER (ORDER BY o.ordering_key, o.row_id) AS place,
                     {Cost(names, "$8")} AS cost, o.unfinished
                 FROM {names.Outbox} o
                 WHERE {Keyed} AND o.ordering_key >= chosen.ordering_key AND o.ordering_key <= chosen.ordering_key
                 ORDER BY o.ordering_key, o.row_id
                 LIMIT (SELECT greatest(1, least($7, (SELECT keyed FROM room) / greatest(1, count(*)))) FROM chosen)) r
            ORDER BY r.place, chosen.n LIMIT (SELECT keyed FROM room)
        ),
        -- SKIP LOCKED can skip a row in the middle of a key; the rows after it must wait.
        locked AS (
            SELECT o.row_id FROM {names.Outbox} o
            WHERE o.row_id = ANY (ARRAY(SELECT row_id FROM candidates)) AND ({(take.TakesEnded ? $"({Due}) OR ({Ended})" : Due)}) AND {Keyed}
            FOR UPDATE SKIP LOCKED
        ),
        keyed AS (
            SELECT row_id, place, cost, unfinished, n, ordering_key FROM
                (SELECT *, row_number() OVER (PARTITION BY ordering_key ORDER BY place) AS got
                 FROM candidates WHERE (row_id IN (SELECT row_id FROM locked)) IS TRUE) found
            WHERE place = got
        ),
        -- The outer limit stops the inner one: no more rows are locked than are taken.
        ended AS (
            SELECT row_id, cost, unfinished FROM
                (SELECT o.row_id, {Cost(names, "$8")} AS cost, o.unfinished FROM {names.Outbox} o
                 WHERE {EndedUnkeyed} AND {(take.TakesEnded ? "true" : "false")}
                 ORDER BY o.lease_until, o.row_id LIMIT $3 FOR UPDATE SKIP LOCKED) first
            LIMIT (SELECT $3 - count(*) FROM keyed)
        ),
        due AS (
            SELECT row_id, cost, unfinished FROM
                (SELECT o.row_id, {Cost(names, "$8")} AS cost, o.unfinished FROM {names.Outbox} o WHERE {DueUnkeyed}
                 ORDER BY o.available_at, o.row_id LIMIT $3 FOR UPDATE SKIP LOCKED) first
            LIMIT (SELECT $3 - (SELECT count(*) FROM keyed) - (SELECT count(*) FROM ended))
        ),
        -- In turns, so that no kind takes all the bytes; those of a key in their order, and suspects before others of their turn, so
        -- that they are not left out again and again.
        found AS (
            SELECT row_id, cost, unfinished, place, 1 AS kind, n, ordering_key FROM keyed
            UNION ALL SELECT row_id, cost, unfinished, row_number() OVER (), 2, 0, NULL FROM ended
            UNION ALL SELECT row_id, cost, unfinished, row_number() OVER (), 3, 0, NULL FROM due
        ),
        {Fitting("found", "ORDER BY place, unfinished DESC, kind, n")},
        {take.Claimed(names, "SELECT row_id FROM fitting", "$1", "$2", "$8")}
        SELECT claimed.*, seen.place, seen.effect
        FROM (SELECT CASE
                  -- Where the bytes ended before the keys, the next claim goes on there.
                  WHEN (SELECT count(*) FROM fitting) < (SELECT count(*) FROM found) AND EXISTS (SELECT FROM fitting WHERE n > 0)
                      THEN (SELECT heads.place FROM heads WHERE n = (SELECT max(n) FROM fitting))
                  WHEN (SELECT count(*) FROM chosen) >= (SELECT keyed FROM room)
                      THEN (SELECT heads.place FROM heads WHERE n = (SELECT max(n) FROM chosen))
                  ELSE (SELECT max(last_place) FROM heads)
              END AS place, {take.Effect(names)} AS effect) seen
        LEFT JOIN claimed ON true
        """;

    private static string Cost(PostgresNames names, string mostBytes) =>
        $"{names.ClaimCost}({names.Octets}(o.payload, o.headers, o.result), o.unfinished, $3, {mostBytes})";

    /// <summary>The common table expression <c>fitting</c>: rows in an order, as far as they fit into the claim, and always the first.</summary>
    private static string Fitting(string rows, string order) =>
        $"""
        fitting AS (
            SELECT * FROM
                (SELECT *, sum(cost) OVER line AS total, row_number() OVER line AS number FROM {rows} WINDOW line AS ({order})) counted
            WHERE total <= 1.000001 OR number = 1
        )
        """;
}
