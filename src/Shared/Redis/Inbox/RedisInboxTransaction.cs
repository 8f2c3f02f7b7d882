using Relaybox.Events;
using Relaybox.Inbox;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// Gathers what a handler enlists and emits, and executes it in one script with the mark of its message. Until then nothing is written,
/// and nothing is held.
/// </summary>
internal sealed class RedisInboxTransaction(
    RedisInboxRepository inbox, RedisCalls calls, InboxNames names, RedisOptions options, InboxClaim.Claimed claim, TimeProvider time)
    : IInboxTransaction
{
    private static readonly RedisScript Commit = RedisScript.Load("inbox_commit");

    private readonly HandlerWork<Action<RedisCommands>, object> _work = new(typeof(RedisInboxTransaction));
    private int _enlisted;

    public string? ErrorName { get; private set; }

    /// <summary>The hash tag, with its braces, of every key that can be written together with the mark.</summary>
    internal string Tag => names.Bucket.Tag;

    public void Emit(OutboxEvent outboxEvent)
    {
        RowContract.Require(outboxEvent);
        if (outboxEvent.OrderingKey is { } key && Bucket.Of(options, key) is var bucket && bucket != names.Bucket)
        {
            throw new InvalidOperationException(
                $"The event '{outboxEvent.EventId}' cannot be emitted: its ordering key belongs to the bucket {bucket.Tag}, and the message to "
                + $"{Tag}. One script cannot write both. Emit it with the message's own ordering key or without one, or use a single bucket.");
        }

        _work.Emit(outboxEvent);
    }

    public bool TryCloseEmpty() => _work.TryCloseEmpty();

    public async Task<CommitOutcome> CommitAsync(CancellationToken cancellationToken)
    {
        if (TryCloseEmpty())
        {
            return await inbox.MarkProcessedAsync(claim, cancellationToken) ? CommitOutcome.Committed : CommitOutcome.ClaimLost;
        }

        _work.Close();
        var arguments = ToArguments(out var commands);
        try
        {
            var answer = await calls.RunDurablyAsync(Commit, arguments.Keys, arguments.Values, cancellationToken);
            return ToOutcome((RedisResult[])answer!, commands);
        }
        catch (Exception e) when (e is OperationCanceledException || inbox.IsOutage(e))
        {
            return await UnansweredCommit.ReadAsync(e, ct => inbox.ReadOwnAsync(claim, ct), inbox.IsOutage, time, cancellationToken);
        }
    }

    public ValueTask DisposeAsync()
    {
        _work.Close();
        return ValueTask.CompletedTask;
    }

    internal void Enlist(RedisWrite write)
    {
        ArgumentNullException.ThrowIfNull(write);
        Enlist(write.Key, nameof(write), commands => commands.Add(write));
    }

    internal void Require(RedisCondition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        Enlist(condition.Key, nameof(condition), commands => commands.Require(condition));
    }

    private void Enlist(string key, string parameter, Action<RedisCommands> command)
    {
        if (names.Bucket.WhyRefused(key) is { } reason)
        {
            throw new ArgumentException(reason, parameter);
        }

        if (Interlocked.Increment(ref _enlisted) > RedisCommands.MaxCommands)
        {
            throw new InvalidOperationException(
                $"A handler can enlist {RedisCommands.MaxCommands} conditions and writes: one script executes them, and the server does nothing "
                + "else meanwhile.");
        }

        _work.Enlist(command);
    }

    private ScriptArguments ToArguments(out RedisCommands commands)
    {
        commands = new RedisCommands();
        foreach (var add in _work.Writes)
        {
            add(commands);
        }

        var arguments = new ScriptArguments(
            [.. names.Bucket.Keys(), names.Leases!, names.Processed!, names.Record(claim.Key)!], RedisSchema.Version, options.Buckets, claim.Token);
        OutboxInsert.Add(arguments, options, names.Bucket, _work.Events);
        arguments.Add(commands);
        if (EmittedEvents.ToText(_work.Events) is { } emitted)
        {
            arguments.Add(emitted);
        }

        return arguments;
    }

    private CommitOutcome ToOutcome(RedisResult[] answer, RedisCommands commands)
    {
        switch ((string?)answer[0])
        {
            case "committed":
                return CommitOutcome.Committed;
            case "lost":
                return CommitOutcome.ClaimLost;
            case "condition":
                ErrorName = commands.Conditions[(int)answer[1]].Name;
                return CommitOutcome.EnlistedConditionFailed;
            case "taken":
                ErrorName = "event-id-taken";
                return CommitOutcome.EnlistedConditionFailed;
            default:
                ErrorName = (string?)answer[2];
                return CommitOutcome.EnlistedConditionFailed;
        }
    }
}
