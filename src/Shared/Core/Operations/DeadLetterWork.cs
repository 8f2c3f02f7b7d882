using Relaybox.Events;
using Relaybox.Inbox;

namespace Relaybox.Operations;

/// <summary>
/// Dead letters as the work of an operation. Each gets its attempts back, is sent where it came from, and is deleted after that. Where a
/// process dies in between, it is sent twice, and the inbox handles one of the two.
/// </summary>
internal sealed class DeadLetterWork(
    IDeadLetters letters, IInboxRepository inbox, IInboxOperations attempts, InboxConsumers consumers, Operation operation, TimeProvider time)
    : IOperationWork
{
    private const int PageSize = 10;

    private readonly RowSelection _selection = RowSelection.Parse(operation.Selection, OperationTarget.DeadLetters);
    private readonly RedriveWatch _watch = new(time);

    // What an earlier run of this operation may have sent: where the broker calls it a duplicate, the copy is our own.
    private readonly HashSet<string> _ownSends = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unresolved = new(StringComparer.Ordinal);

    // The events that this run has sent back. One that is dead again meanwhile is not sent once more, whatever the clocks say.
    private readonly HashSet<string> _sentBack = new(StringComparer.Ordinal);
    private IDeadLetterLook? _look;
    private Dictionary<string, DeadLetter> _page = [];
    private bool _hasRedriven;

    /// <inheritdoc />
    public bool StartsOver => !letters.KeepsPlaces;

    /// <inheritdoc />
    public IReadOnlyCollection<string> Unresolved => _unresolved;

    /// <inheritdoc />
    /// <remarks>Those that the whole look does not show again are done.</remarks>
    public Task<int> RecountAsync(IReadOnlyList<string> step, CancellationToken cancellationToken)
    {
        _ownSends.UnionWith(step);
        _unresolved.UnionWith(step);
        return Task.FromResult(0);
    }

    /// <inheritdoc />
    public async Task<OperationPage> ReadAsync(string? cursor, CancellationToken cancellationToken)
    {
        _look ??= await letters.LookAsync(cursor is { Length: > 0 } ? cursor : null, cancellationToken);
        var shown = await _look.NextAsync(PageSize, cancellationToken);
        _unresolved.ExceptWith(shown.Select(letter => letter.Id));
        if (shown.Count == 0)
        {
            return await EndOfLookAsync(cancellationToken);
        }

        var selected = shown.Where(letter => _selection.Matches(letter, time.GetUtcNow())).ToList();
        var confirmed = selected.FindAll(letter =>
            !(letter.DeadAt > operation.ConfirmedAt) && !(letter.EventId is { } eventId && _sentBack.Contains(eventId)));
        _page = confirmed.ToDictionary(letter => letter.Id, StringComparer.Ordinal);
        return new OperationPage(confirmed.ConvertAll(letter => letter.Id), shown.Count, selected.Count - confirmed.Count, Next);
    }

    /// <inheritdoc />
    public async Task<OperationStep> ApplyAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var applied = new List<string>();
        var left = new List<string>();
        foreach (var id in ids)
        {
            var letter = _page[id];

            // Before it is sent: a consumer that has it at once must not find its attempts used up.
            foreach (var key in KeysOf(letter))
            {
                await attempts.GiveAttemptsBackAsync(key, cancellationToken);
            }

            var outcome = await _look!.RedriveAsync(letter, operation.DeletesDuplicates || _ownSends.Contains(id), cancellationToken);
            if (outcome.LeftBecause is { } reason)
            {
                left.Add(reason);
            }
            else
            {
                applied.Add(id);
                if (letter.EventId is { } eventId)
                {
                    _sentBack.Add(eventId);
                }
            }
        }

        _hasRedriven |= applied.Count > 0;
        return new OperationStep(applied, left);
    }

    /// <inheritdoc />
    public Task<string?> WhyToStopAsync(IReadOnlyCollection<string> applied, CancellationToken cancellationToken) =>
        _watch.WhyToStopAsync("dead letters", [.. applied.Where(id => KeysOf(_page[id]).Any())], FateOfAsync, cancellationToken);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_look is { } look)
        {
            _look = null;
            await look.DisposeAsync();
        }
    }

    // Where a broker keeps no places, the look itself does, for as long as it lasts.
    private string Next => _look!.Cursor ?? "";

    private async Task<OperationPage> EndOfLookAsync(CancellationToken cancellationToken)
    {
        var page = new OperationPage([], 0, 0, null);
        if (_look!.IsWhole)
        {
            if (await _look.CountInOtherHandsAsync(cancellationToken) > 0)
            {
                return page with { Cursor = Next, IsHeld = true };
            }

            var recounted = _unresolved.Count;
            _unresolved.Clear();
            return page with { Recounted = recounted };
        }

        if (!_hasRedriven)
        {
            return page with { StopBecause = "One look can hold no more, and there are more: none of those that it held was to be redriven." };
        }

        // What it has redriven makes room for others.
        await DisposeAsync();
        _hasRedriven = false;
        return page with { Cursor = "" };
    }

    private Task<RedriveFate> FateOfAsync(string id, CancellationToken cancellationToken) =>
        RedriveFate.OfAsync(inbox, KeysOf(_page[id]), cancellationToken);

    // Of what is no event, no consumer has a record.
    private IEnumerable<InboxKey> KeysOf(DeadLetter letter) =>
        letter.Event is { } outboxEvent && RowContract.Check(outboxEvent) is null
            ? consumers.Of(outboxEvent.Subject).Select(consumer => new InboxKey(consumer, outboxEvent.EventId, outboxEvent.ReplayId))
            : [];
}
