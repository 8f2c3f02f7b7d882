using System.Text.Json;

namespace Relaybox.Local.EventSources;

/// <summary>
/// What a function says of its batch under ReportBatchItemFailures. The rules are AWS's ("Reporting batch item
/// failures"): what reads as an empty answer is a success, what cannot be read is a failure of the whole batch.
/// </summary>
/// <param name="WholeBatchFailed">Why nothing of the batch counts as done; null otherwise.</param>
/// <param name="FailedItems">Identifiers of the items that failed.</param>
internal sealed record BatchResponse(string? WholeBatchFailed, IReadOnlySet<string> FailedItems)
{
    private static readonly IReadOnlySet<string> None = new HashSet<string>();

    public static BatchResponse Success { get; } = new(null, None);

    /// <param name="known">The identifiers of the batch; any other in the answer fails the whole batch.</param>
    public static BatchResponse Parse(ReadOnlyMemory<byte> payload, IReadOnlySet<string> known)
    {
        if (payload.Span.Trim(" \t\r\n"u8).IsEmpty)
        {
            return Success;
        }

        try
        {
            using var document = JsonDocument.Parse(payload);
            return Read(document.RootElement, known);
        }
        catch (JsonException)
        {
            return Failed("the response is not JSON");
        }
    }

    private static BatchResponse Read(JsonElement root, IReadOnlySet<string> known)
    {
        if (root.ValueKind == JsonValueKind.Null)
        {
            return Success;
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            return Failed("the response is not an object");
        }

        if (!root.TryGetProperty("batchItemFailures", out var list) || list.ValueKind == JsonValueKind.Null)
        {
            return Success;
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            return Failed("batchItemFailures is not a list");
        }

        var items = new HashSet<string>();
        foreach (var failure in list.EnumerateArray())
        {
            if (failure.ValueKind != JsonValueKind.Object
                || !failure.TryGetProperty("itemIdentifier", out var identifier)
                || identifier.ValueKind != JsonValueKind.String
                || identifier.GetString() is not { Length: > 0 } text)
            {
                return Failed("an item failure has no identifier");
            }

            if (!known.Contains(text))
            {
                return Failed("an item identifier is not one of the batch");
            }

            items.Add(text);
        }

        return new BatchResponse(null, items);
    }

    private static BatchResponse Failed(string why) => new(why, None);
}
