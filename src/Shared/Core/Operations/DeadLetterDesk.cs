using Relaybox.Inbox;
using Relaybox.Timing;

namespace Relaybox.Operations;

/// <summary>Looks at the dead letters, and says what a selection of them means.</summary>
/// <param name="letters">The broker's dead letters.</param>
/// <param name="inbox">The inbox.</param>
/// <param name="attempts">What operators need of the inbox.</param>
/// <param name="consumers">Whose records a message has.</param>
/// <param name="time">The clock.</param>
internal sealed class DeadLetterDesk(
    IDeadLetters letters, IInboxRepository inbox, IInboxOperations attempts, InboxConsumers consumers, TimeProvider time)
{
    /// <summary>What is said where there is no desk.</summary>
    internal const string Missing =
        "Nothing here names the dead letters. Set the variables of the broker's queue and dead-letter queue, or stream, and of the inbox; "
        + "see docs/cli.md, Dead letters.";

    private const int PageSize = 10;
    private const int DefaultLimit = 100;

    // An answer of the stack's function has 6 MB at most.
    private const int LargestLimit = 1_000;

    private static readonly TimeSpan MinimumPageTime = TimeSpan.FromSeconds(1);

    /// <summary>Shows the selected dead letters that are seen until the deadline, and gives all back.</summary>
    /// <param name="selection">Which.</param>
    /// <param name="cursor">Where to go on; null: at the oldest.</param>
    /// <param name="limit">The most, up to 1,000; null: 100.</param>
    /// <param name="deadline">When to have answered.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <exception cref="RequestException">The selection cannot be read, or a look would do harm.</exception>
    public async Task<OperateAnswer> ListAsync(
        string selection, string? cursor, int? limit, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var terms = RowSelection.Parse(selection, OperationTarget.DeadLetters);
        var found = new List<DeadLetterView>();
        var most = Math.Clamp(limit ?? DefaultLimit, 1, LargestLimit);
        var seen = 0L;
        await using var look = await letters.LookAsync(cursor, cancellationToken);
        while (found.Count < most && deadline.HasTimeFor(MinimumPageTime))
        {
            var page = await look.NextAsync(Math.Min(PageSize, most - found.Count), cancellationToken);
            if (page.Count == 0)
            {
                break;
            }

            seen += page.Count;
            found.AddRange(page.Where(letter => terms.Matches(letter, time.GetUtcNow())).Select(DeadLetterView.Of));
        }

        return new OperateAnswer
        {
            DeadLetters = found,
            Seen = seen,
            DeadLetterCount = await letters.CountAsync(cancellationToken),
            IsWhole = look.IsWhole,
            Cursor = look.IsWhole ? null : look.Cursor,
        };
    }

    /// <summary>Looks at dead letters until the deadline, says what a selection means, and gives all back.</summary>
    /// <param name="selection">Which.</param>
    /// <param name="deadline">When to have answered.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <exception cref="RequestException">The selection cannot be read, or a look would do harm.</exception>
    public async Task<OperateAnswer> PreviewAsync(string selection, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var terms = RowSelection.Parse(selection, OperationTarget.DeadLetters);
        var tally = new SelectionTally<DeadLetterView>();
        var at = time.GetUtcNow();
        var seen = 0L;
        await using var look = await letters.LookAsync(null, cancellationToken);
        while (deadline.HasTimeFor(MinimumPageTime) && await look.NextAsync(PageSize, cancellationToken) is { Count: > 0 } page)
        {
            seen += page.Count;
            foreach (var letter in page.Where(letter => terms.Matches(letter, at)))
            {
                tally.Add(DeadLetterView.Of(letter), letter.DeadAt, letter.ErrorCode);
            }
        }

        return new OperateAnswer
        {
            Count = tally.Count,
            Seen = seen,
            DeadLetterCount = await letters.CountAsync(cancellationToken),
            IsWhole = look.IsWhole,
            Oldest = tally.Oldest,
            Newest = tally.Newest,
            Errors = tally.Errors,
            DeadLetters = tally.Samples,

            // The broker's clock may be ahead of ours, and what was shown is confirmed.
            At = tally.Newest > at ? tally.Newest : at,
        };
    }

    /// <summary>About how many there are, or why nobody can say.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<(long? Count, string? Problem)> TryCountAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await letters.CountAsync(cancellationToken), null);
        }
        catch (DeadLettersFailedException e)
        {
            return (null, e.Message);
        }
    }

    /// <summary>The dead letters as the work of an operation.</summary>
    internal DeadLetterWork CreateWork(Operation operation) => new(letters, inbox, attempts, consumers, operation, time);
}
