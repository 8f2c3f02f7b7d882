using System.Text.Json;
using System.Text.Json.Nodes;
using Relaybox.Local.Lambda;
using Relaybox.Local.Output;
using Relaybox.Local.Stack;

namespace Relaybox.Local.EventSources;

/// <summary>
/// Brings one batch of a shard to an end: delivered, retried, halved, or given up to the on-failure destination.
/// The shard waits meanwhile.
/// </summary>
/// <param name="onDiscarded">Gets what is given up: the records, the reason, and how often they were tried.</param>
internal sealed class StreamBatchDelivery(
    StreamEventDefinition source,
    IFunctionInvoker function,
    Func<DiscardedBatch, CancellationToken, Task> onDiscarded,
    ILiveOutput output,
    TimeProvider time)
{
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRetryDelay = TimeSpan.FromSeconds(10);

    /// <summary>Returns when every record of the batch has been delivered or given up.</summary>
    public async Task DeliverAsync(IReadOnlyList<StreamRecord> batch, CancellationToken cancellationToken)
    {
        var parts = new Stack<Part>([new Part(batch, 0)]);
        while (parts.TryPop(out var part))
        {
            if (await DiscardExpiredAsync(part, cancellationToken) is { Records.Count: > 0 } fresh)
            {
                await TryAsync(fresh, parts, cancellationToken);
            }
        }
    }

    private async Task TryAsync(Part part, Stack<Part> parts, CancellationToken cancellationToken)
    {
        var payload = new JsonObject { ["Records"] = new JsonArray([.. part.Records.Select(record => record.Event.DeepClone())]) };
        var result = await function.InvokeAsync(JsonSerializer.SerializeToUtf8Bytes(payload), cancellationToken);
        var firstFailure = FirstFailure(part, result);
        if (firstFailure is null)
        {
            return;
        }

        if (firstFailure > 0)
        {
            // Progress: what comes before the lowest reported number is done, the rest starts afresh.
            parts.Push(new Part(part.Slice(firstFailure.Value), 0));
            return;
        }

        var isReported = result.Succeeded && source.ReportBatchItemFailures;
        if (source.BisectOnError && part.Records.Count > 1 && !isReported)
        {
            // Halving is not a retry: it does not use up attempts.
            var middle = (part.Records.Count + 1) / 2;
            parts.Push(part with { Records = part.Slice(middle) });
            parts.Push(part with { Records = [.. part.Records.Take(middle)] });
            return;
        }

        if (source.MaximumRetryAttempts >= 0 && part.Retries >= source.MaximumRetryAttempts)
        {
            await DiscardAsync(part.Records, "RetryAttemptsExhausted", part.Retries + 1, result, cancellationToken);
            return;
        }

        await Task.Delay(RetryDelay(part.Retries), time, cancellationToken);
        parts.Push(part with { Retries = part.Retries + 1 });
    }

    /// <returns>The index of the first record that has to come again; null when all are done.</returns>
    private int? FirstFailure(Part part, InvocationResult result)
    {
        if (!result.Succeeded)
        {
            return 0;
        }

        if (!source.ReportBatchItemFailures)
        {
            return null;
        }

        var response = BatchResponse.Parse(result.Payload, part.Records.Select(record => record.SequenceNumber).ToHashSet());
        if (response.WholeBatchFailed is { } why)
        {
            output.Warning($"{source.Name}: the whole batch failed: {why}");
            return 0;
        }

        for (var index = 0; index < part.Records.Count; index++)
        {
            if (response.FailedItems.Contains(part.Records[index].SequenceNumber))
            {
                return index;
            }
        }

        return null;
    }

    private async Task<Part> DiscardExpiredAsync(Part part, CancellationToken cancellationToken)
    {
        if (source.MaximumRecordAgeSeconds < 0)
        {
            return part;
        }

        var oldest = time.GetUtcNow() - TimeSpan.FromSeconds(source.MaximumRecordAgeSeconds);
        var expired = part.Records.TakeWhile(record => record.ArrivedAt < oldest).ToArray();
        if (expired.Length == 0)
        {
            return part;
        }

        await DiscardAsync(expired, "RecordAgeExceeded", part.Retries, null, cancellationToken);
        return part with { Records = part.Slice(expired.Length) };
    }

    private Task DiscardAsync(
        IReadOnlyList<StreamRecord> records, string condition, int invocations, InvocationResult? last, CancellationToken cancellationToken)
    {
        output.Warning($"{source.Name}: gave up {records.Count} records: {condition} after {invocations} invocations");
        return onDiscarded(new DiscardedBatch(records, condition, invocations, last), cancellationToken);
    }

    private static TimeSpan RetryDelay(int retries) =>
        TimeSpan.FromTicks((long)Math.Min(FirstRetryDelay.Ticks * Math.Pow(2, retries), LongestRetryDelay.Ticks));

    private sealed record Part(IReadOnlyList<StreamRecord> Records, int Retries)
    {
        public IReadOnlyList<StreamRecord> Slice(int from) => [.. Records.Skip(from)];
    }
}
