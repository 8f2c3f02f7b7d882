using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Outbox;

namespace Relaybox.Operations;

/// <summary>
/// Sent rows as the work of an operation: each is published again, and stays as it is. What a process that died may have published is
/// published once more by the next; the inbox handles one of the two, because both have the same event id and replay id.
/// </summary>
internal sealed class ReplayWork(
    IOutboxRepository outbox,
    IOutboxOperations rows,
    IMessagePublisher publisher,
    TimeSpan rememberedFor,
    ClaimCheck? claimCheck,
    IInboxRepository? inbox,
    InboxConsumers? consumers,
    Operation operation,
    TimeProvider time) : IOperationWork
{
    // The steps of a run, so that each page is one step: its cursor says what was published.
    private const int LargestStep = 50;

    // Payloads of one call, together.
    private const int MostBytes = 1024 * 1024;

    private const string StaysOpen =
        "The operation stays open: what was published is published once more when it goes on, which the inbox knows.";

    // Between what stands in a cursor: the last row that was published, and where its page begins.
    private const char Separator = '\n';

    private static readonly TimeSpan LongestOutage = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly SelectedRows _sent = new(outbox, rows);
    private readonly RowSelection _selection = RowSelection.Parse(operation.Selection, OperationTarget.SentRows);
    private readonly RedriveWatch _watch = new(time);
    private (string Begin, RowPage Page, int Seen)? _read;
    private Dictionary<string, string> _subjects = [];
    private int _step = 1;
    private bool _isRetry;

    /// <inheritdoc />
    public bool StartsOver => false;

    /// <inheritdoc />
    public IReadOnlyCollection<string> Unresolved => [];

    /// <inheritdoc />
    /// <remarks>None is counted: all of the step are published again.</remarks>
    public Task<int> RecountAsync(IReadOnlyList<string> step, CancellationToken cancellationToken)
    {
        // What the broker calls a copy may be that of the process that died.
        _isRetry = step.Count > 0;
        return Task.FromResult(0);
    }

    /// <inheritdoc />
    public async Task<OperationPage> ReadAsync(string? cursor, CancellationToken cancellationToken)
    {
        var (last, begin) = cursor?.Split(Separator, 2) is [var id, var place] ? (id, place) : ("", cursor ?? "");
        var (page, seen) = await ReadPageAsync(begin, cancellationToken);
        var selected = page.Rows.Where(row => !(row.SentAt > operation.ConfirmedAt)).Select(row => row.Event.EventId).ToList();
        _subjects = page.Rows.ToDictionary(row => row.Event.EventId, row => row.Event.Subject, StringComparer.Ordinal);

        // A row that was deleted since is not found: the page is then published from its beginning.
        var open = selected[(selected.IndexOf(last) + 1)..];

        // What was looked at is counted with the first step of its page.
        var (looked, later) = last.Length > 0 ? (0, 0) : (seen, page.Rows.Count - selected.Count);
        return open.Count > _step
            ? new OperationPage(open[.._step], looked, later, $"{open[_step - 1]}{Separator}{begin}")
            : new OperationPage(open, looked, later, page.Cursor);
    }

    /// <inheritdoc />
    public async Task<OperationStep> ApplyAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var (applied, left, batch, bytes) = (new List<string>(), new List<string>(), new List<OutboxEvent>(), 0L);
        foreach (var id in ids)
        {
            if (await outbox.FindAsync(id, cancellationToken) is not { Status: OutboxStatus.Sent } row)
            {
                left.Add("It is no longer there as a sent row.");
            }
            else if (operation.Action == RowAction.Republish && row.SentAt is { } sentAt && time.GetUtcNow() - sentAt > rememberedFor)
            {
                left.Add("It was sent longer ago than the inbox remembers. Only a replay with --reprocess is sure to be handled.");
            }
            else if (await CheckInAsync(row.Event, left, cancellationToken) is { } sent)
            {
                if (bytes > 0 && bytes + sent.Payload.Length > MostBytes)
                {
                    await PublishAsync(batch, applied, left, cancellationToken);
                    (batch, bytes) = ([], 0);
                }

                batch.Add(operation.Action == RowAction.Reprocess ? sent with { ReplayId = operation.Id } : sent with { PublishedAt = row.SentAt });
                bytes += sent.Payload.Length;
            }
        }

        await PublishAsync(batch, applied, left, cancellationToken);
        _step = Math.Min(_step * 10, LargestStep);
        _isRetry = false;
        return new OperationStep(applied, left);
    }

    /// <inheritdoc />
    public async Task<string?> WhyToStopAsync(IReadOnlyCollection<string> applied, CancellationToken cancellationToken) =>
        operation.Action == RowAction.Reprocess && inbox is not null && consumers is not null
            ? await _watch.WhyToStopAsync("events", applied, FateOfAsync, cancellationToken)
            : null;

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // Once in a run, however many steps it takes: rows that were deleted or changed since are seen when they are published.
    private async Task<(RowPage Page, int Seen)> ReadPageAsync(string begin, CancellationToken cancellationToken)
    {
        if (_read is not { } read || read.Begin != begin)
        {
            var (page, seen) = await _sent.ReadAsync(_selection, operation.ConfirmedAt, begin.Length == 0 ? null : begin, cancellationToken);
            _read = read = (begin, page, seen);
        }

        return (read.Page, read.Seen);
    }

    private async Task<OutboxEvent?> CheckInAsync(OutboxEvent outboxEvent, List<string> left, CancellationToken cancellationToken)
    {
        try
        {
            return claimCheck is null ? outboxEvent : await claimCheck.StoreAsync(outboxEvent, check: null, cancellationToken);
        }
        catch (MessageFormatException e)
        {
            left.Add(e.Message);
            return null;
        }
        catch (PayloadStoreException e)
        {
            throw new ReplayFailedException($"A large payload cannot be stored: {ClaimCheck.WhyAway(e, cancellationToken)} {StaysOpen}");
        }
    }

    // What has no answer is sent again for a while. After that the run ends as any does that loses its store: the next goes on.
    private async Task PublishAsync(List<OutboxEvent> events, List<string> applied, List<string> left, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        for (var (open, isRetry) = (events, _isRetry); open.Count > 0; isRetry = true)
        {
            var outcomes = await publisher.PublishAsync(open, cancellationToken);
            var (unanswered, why) = (new List<OutboxEvent>(), (string?)null);
            foreach (var (published, outcome) in open.Zip(outcomes))
            {
                switch (outcome.Status)
                {
                    case PublishStatus.Rejected:
                        left.Add($"The broker does not take it: {outcome.Code}.");
                        break;
                    case PublishStatus.Accepted when outcome.IsKnownCopy && !isRetry:
                        left.Add("The broker knows its id from a moment ago, and has not stored it again. Wait until it has forgotten the id.");
                        break;
                    case PublishStatus.Accepted:
                        applied.Add(published.EventId);
                        break;
                    default:
                        unanswered.Add(published);
                        why ??= outcome.Detail;
                        break;
                }
            }

            open = unanswered;
            if (open.Count > 0)
            {
                if (time.GetElapsedTime(begun) > LongestOutage)
                {
                    throw new ReplayFailedException($"The broker cannot be reached: {why} {StaysOpen}");
                }

                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    private Task<RedriveFate> FateOfAsync(string eventId, CancellationToken cancellationToken) => RedriveFate.OfAsync(
        inbox!, consumers!.Of(_subjects[eventId]).Select(consumer => new InboxKey(consumer, eventId, operation.Id)), cancellationToken);
}
