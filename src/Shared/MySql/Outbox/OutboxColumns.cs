using System.Globalization;
using Relaybox.Outbox;
using Relaybox.Sql;

namespace Relaybox.MySql;

/// <summary>The columns of the outbox table as <see cref="OutboxRowReader"/> reads them.</summary>
internal static class OutboxColumns
{
    /// <summary>
    /// The bytes of payload, headers and result. The trigger counts them; of a row that was written without it they are not known
    /// before it is read.
    /// </summary>
    internal const string Octets =
        "COALESCE(octets, OCTET_LENGTH(payload) + COALESCE(OCTET_LENGTH(headers), 0) + COALESCE(OCTET_LENGTH(result), 0))";

    /// <summary>The columns of a row.</summary>
    internal static string Row { get; } = RowOf(column => column);

    /// <summary>The columns of a row without payload and result, which can be large.</summary>
    internal static string Listed { get; } = RowOf(column => column == "headers" ? column : $"NULL AS {column}");

    private static string RowOf(Func<string, string> content) =>
        $"""
        {Columns(content, "claim_token")}, status, {Time("claimed_at")}, {Time("sent_at")}, {Time("failed_at")}, error_code, error_message,
        {Time("CASE status WHEN 'pending' THEN available_at WHEN 'publishing' THEN lease_until END")}, {Time("shelved_at")},
        {Time("skipped_at")}
        """;

    /// <summary>
    /// The columns of a claim. What a row holds stays where it is if it cannot be worked on (<see cref="OutboxClaim.CheckWeight"/>).
    /// </summary>
    /// <param name="token">The claim's token in SQL.</param>
    /// <param name="unfinished">How many earlier claims have no outcome, in SQL.</param>
    /// <param name="limit">What the claim takes.</param>
    internal static string Claim(string token, string unfinished, ClaimLimit limit)
    {
        var isReadable = string.Create(
            CultureInfo.InvariantCulture, $"{Octets} <= {limit.Bytes} AND {unfinished} < {OutboxClaim.MaxUnfinished}");
        return $"{Columns(column => $"CASE WHEN {isReadable} THEN {column} END", token)}, {Octets}, {unfinished}, key_number";
    }

    /// <summary>A time in microseconds since 1970: a time that is none, such as a zero date, is null and spoils no other row.</summary>
    internal static string Time(string column) => $"TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {column})";

    /// <summary>Row numbers as a list in SQL.</summary>
    internal static string In(IEnumerable<long> rowIds) => string.Join(',', rowIds.Select(id => id.ToString(CultureInfo.InvariantCulture)));

    private static string Columns(Func<string, string> content, string token) =>
        $"""
        row_id, event_id, subject, {content("payload")}, {content("headers")}, ordering_key, {content("result")}, attempts, {token},
        {Time("enqueued_at")}, {Time("IF(available_at <> enqueued_at, available_at, NULL)")}
        """;
}
