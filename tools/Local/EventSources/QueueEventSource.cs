using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Relaybox.Local.Aws;
using Relaybox.Local.Lambda;
using Relaybox.Local.Output;
using Relaybox.Local.Stack;

namespace Relaybox.Local.EventSources;

/// <summary>
/// Polls a queue and invokes the function: as many batches at once as the maximum concurrency allows, never two of
/// one FIFO group. What the function does not fail is deleted; the rest comes back after the queue's visibility
/// timeout.
/// </summary>
internal sealed class QueueEventSource(
    QueueEventDefinition source,
    QueueClient queue,
    IFunctionInvoker function,
    EventFilter filter,
    DuplicatePlan duplicates,
    EventSourceSwitch gate,
    ILiveOutput output,
    TimeProvider time)
{
    private const int LongPollSeconds = 20;
    private static readonly TimeSpan ErrorDelay = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _receiving = new(1, 1);
    private readonly ConcurrentDictionary<string, byte> _busyGroups = new();
    private readonly ConcurrentDictionary<string, byte> _copies = new();

    /// <summary>Runs until cancelled.</summary>
    /// <param name="concurrency">How many batches may be under way at once.</param>
    public Task RunAsync(int concurrency, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(() => PollAsync(cancellationToken), cancellationToken)));

    private async Task PollAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await ReceiveAndDeliverAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is HttpRequestException or AwsCallException or OperationCanceledException)
            {
                output.Warning($"{source.Name}: {exception.Message}");
                await Task.Delay(ErrorDelay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // Only one loop polls at a time: when a message comes, an emulator answers every poll that waits, and all answers but one are empty.
    // A loop hands its batch to the worker before the next one polls.
    private async Task ReceiveAndDeliverAsync(CancellationToken cancellationToken)
    {
        var held = new HashSet<string>();
        IDisposable? turn = null;
        try
        {
            Task delivery;
            await _receiving.WaitAsync(cancellationToken);
            try
            {
                turn = await gate.BeginTurnAsync(cancellationToken);
                delivery = DeliverAsync(await CollectAsync(held, cancellationToken), held, cancellationToken);
            }
            finally
            {
                _receiving.Release();
            }

            await delivery;
        }
        finally
        {
            turn?.Dispose();
            Release(held);
        }
    }

    /// <param name="held">Gets the FIFO groups that belong to this batch until it is done.</param>
    private async Task<List<QueueMessage>> CollectAsync(HashSet<string> held, CancellationToken cancellationToken)
    {
        var batch = Admit(await queue.ReceiveAsync(source.BatchSize, LongPollSeconds, cancellationToken), held);
        if (batch.Count == 0 || source.BatchingWindowSeconds == 0)
        {
            return batch;
        }

        var end = time.GetUtcNow() + TimeSpan.FromSeconds(source.BatchingWindowSeconds);
        while (batch.Count < source.BatchSize && end - time.GetUtcNow() is { Ticks: > 0 } left)
        {
            var wait = (int)Math.Clamp(Math.Ceiling(left.TotalSeconds), 0, LongPollSeconds);
            batch.AddRange(Admit(await queue.ReceiveAsync(source.BatchSize - batch.Count, wait, cancellationToken), held));
        }

        return batch;
    }

    /// <summary>
    /// A group that another batch works on is left alone: its visibility timeout has run out there, and the message
    /// will come again.
    /// </summary>
    private List<QueueMessage> Admit(IReadOnlyList<QueueMessage> received, HashSet<string> held) =>
        [.. received.Where(message => message.GroupId is not { } group || held.Contains(group) || Hold(group, held))];

    private bool Hold(string group, HashSet<string> held) => _busyGroups.TryAdd(group, 0) && held.Add(group);

    private void Release(HashSet<string> held)
    {
        foreach (var group in held)
        {
            _busyGroups.TryRemove(group, out _);
        }

        held.Clear();
    }

    private async Task DeliverAsync(List<QueueMessage> received, HashSet<string> held, CancellationToken cancellationToken)
    {
        var batch = new List<QueueMessage>();
        var records = new JsonArray();
        var dropped = new List<QueueMessage>();
        foreach (var message in received)
        {
            var record = message.ToEvent(source.QueueArn);
            if (Passes(record))
            {
                batch.Add(message);
                records.Add(record);
            }
            else
            {
                dropped.Add(message);
            }
        }

        await queue.DeleteAsync(dropped, cancellationToken);
        if (batch.Count == 0)
        {
            return;
        }

        await InjectCopiesAsync(batch, cancellationToken);
        var result = await function.InvokeAsync(
            JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["Records"] = records }), cancellationToken);
        // Before the delete, which opens the group: the next poller that gets one of its messages must find it free.
        Release(held);
        await queue.DeleteAsync(batch.Where(Succeeded(batch, result)), cancellationToken);
    }

    private Func<QueueMessage, bool> Succeeded(List<QueueMessage> batch, InvocationResult result)
    {
        if (!result.Succeeded)
        {
            return _ => false;
        }

        if (!source.ReportBatchItemFailures)
        {
            return _ => true;
        }

        var response = BatchResponse.Parse(result.Payload, batch.Select(message => message.Id).ToHashSet());
        if (response.WholeBatchFailed is { } why)
        {
            output.Warning($"{source.Name}: the whole batch failed: {why}");
            return _ => false;
        }

        return message => !response.FailedItems.Contains(message.Id);
    }

    /// <summary>A body that is JSON is filtered as such, as the service does.</summary>
    private bool Passes(JsonObject record)
    {
        if (source.FilterPatterns.Count == 0)
        {
            return true;
        }

        var view = record.DeepClone().AsObject();
        try
        {
            view["body"] = JsonNode.Parse((string?)record["body"] ?? "");
        }
        catch (JsonException)
        {
            // Plain text stays text.
        }

        return filter.Passes(view);
    }

    private async Task InjectCopiesAsync(List<QueueMessage> batch, CancellationToken cancellationToken)
    {
        foreach (var message in batch.Where(message => !_copies.ContainsKey(message.Id) && duplicates.Choose()))
        {
            _copies.TryAdd(await queue.SendCopyAsync(message, cancellationToken), 0);
            duplicates.Count(1);
        }
    }
}
