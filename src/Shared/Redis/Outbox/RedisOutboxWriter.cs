using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Timing;
using StackExchange.Redis;

namespace Relaybox.Redis;

/// <summary>
/// Writes outbox rows from .NET apps, together with their business data where that is in the same Redis and has the hash tag of the row's
/// bucket. Each call is one script, which is executed as a whole or not at all. Events are checked against the row contract before anything is
/// sent.
/// </summary>
/// <remarks>
/// What a server has acknowledged can be lost when another takes over, the data together with the event; see <see cref="Durability"/>.
/// </remarks>
public sealed class RedisOutboxWriter
{
    private const int MaxTries = 20;

    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(30);
    private static readonly RedisCommands NoCommands = new();

    private readonly IConnectionMultiplexer _multiplexer;
    private readonly RedisOptions _options;
    private readonly TimeProvider _time;
    private readonly IEntropy _entropy;
    private readonly Backoff _backoff;

    /// <summary>Makes a writer on the app's own connection; many threads may use it at once.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="options">The prefix, and the number of buckets; the same as the functions have.</param>
    public RedisOutboxWriter(IConnectionMultiplexer connection, RedisOptions options)
        : this(connection, options, TimeProvider.System, SystemEntropy.Instance)
    {
    }

    internal RedisOutboxWriter(IConnectionMultiplexer connection, RedisOptions options, TimeProvider time, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(options);
        (_multiplexer, _options, _time, _entropy) = (connection, options, time, entropy);
        _backoff = new Backoff(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(2), entropy);
    }

    /// <summary>How long a call is tried again where the server is away. Default: 30 seconds.</summary>
    public TimeSpan Patience { get; init; } = DefaultPatience;

    /// <summary>
    /// What has to be confirmed before a call returns; where it is not, it throws a <see cref="DurabilityUnknownException"/>. Default: nothing, so
    /// that what was acknowledged can be lost in a failover.
    /// </summary>
    public RedisDurability? Durability { get; init; }

    /// <summary>A new event with a new id.</summary>
    /// <param name="subject">What happened.</param>
    /// <param name="payload">The payload, JSON by default.</param>
    public OutboxEvent NewEvent(string subject, string payload) => OutboxEvent.New(subject, payload, _entropy);

    /// <summary>
    /// The hash tag, with its braces, that the keys of business data need which is written together with events of an ordering key. With one
    /// bucket all have the same.
    /// </summary>
    /// <param name="orderingKey">The events' ordering key. Where they have none: anything, such as a customer's number.</param>
    public string GetTag(string orderingKey)
    {
        ArgumentNullException.ThrowIfNull(orderingKey);
        return Bucket.Of(_options, orderingKey).Tag;
    }

    /// <summary>Writes an event alone.</summary>
    /// <param name="outboxEvent">The event.</param>
    /// <param name="cancellationToken">Ends the wait; the outcome is then unknown.</param>
    /// <inheritdoc cref="ExecuteWithOutboxAsync(RedisCommands, OutboxEvent, CancellationToken)" path="/exception"/>
    public Task EnqueueAsync(OutboxEvent outboxEvent, CancellationToken cancellationToken = default) =>
        ExecuteWithOutboxAsync(NoCommands, outboxEvent, cancellationToken);

    /// <summary>Executes business commands and writes their event in one script: both are there, or neither.</summary>
    /// <param name="commands">
    /// The business commands. All keys have the same hash tag, that of one bucket (<see cref="GetTag"/>). Their results travel in the message as
    /// <c>result</c>, a JSON array.
    /// </param>
    /// <param name="payload">The event's payload, JSON by default.</param>
    /// <param name="eventType">The event's type, which is its subject.</param>
    /// <param name="cancellationToken">Ends the wait; the outcome is then unknown.</param>
    /// <returns>The results of the writes, one for each.</returns>
    /// <inheritdoc cref="ExecuteWithOutboxAsync(RedisCommands, OutboxEvent, CancellationToken)" path="/exception"/>
    public Task<IReadOnlyList<RedisValue>> ExecuteWithOutboxAsync(
        RedisCommands commands, string payload, string eventType, CancellationToken cancellationToken = default) =>
        ExecuteWithOutboxAsync(commands, NewEvent(eventType, payload), cancellationToken);

    /// <summary>
    /// Executes business commands and writes their event in one script, under an id of the caller's: where the outcome is unknown, the same call
    /// again (with the event's id, subject and payload) either does both, or says by an <see cref="EventAlreadyWrittenException"/> that both were
    /// done. The id is remembered while its row is in the outbox.
    /// </summary>
    /// <param name="commands">
    /// The business commands. All keys have the hash tag of one bucket: where the event has an ordering key, of that key's
    /// (<see cref="GetTag"/>). Their results travel in the message as <c>result</c>, a JSON array.
    /// </param>
    /// <param name="outboxEvent">The event.</param>
    /// <param name="cancellationToken">Ends the wait; the outcome is then unknown.</param>
    /// <returns>The results of the writes, one for each.</returns>
    /// <exception cref="CommitUnknownException">Nobody knows whether both were written, or neither; the same call again finds out.</exception>
    /// <exception cref="DurabilityUnknownException">Both are written, and not confirmed as <see cref="Durability"/> asks for.</exception>
    /// <exception cref="RowContractException">The event breaks the contract. Nothing was written.</exception>
    /// <exception cref="RedisConditionException">A condition does not hold. Nothing was written.</exception>
    /// <exception cref="RedisWriteException">A key has another hash tag or type, or a number is none or overflows. Nothing was written.</exception>
    /// <exception cref="EventAlreadyWrittenException">This very event is there: both were done by an earlier call. Nothing was written.</exception>
    /// <exception cref="EventIdConflictException">The id is another event's. Nothing was written.</exception>
    public async Task<IReadOnlyList<RedisValue>> ExecuteWithOutboxAsync(
        RedisCommands commands, OutboxEvent outboxEvent, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commands);
        RowContract.Require(outboxEvent);
        var arguments = OutboxInsert.Arguments(_options, BucketOf(outboxEvent, commands), [outboxEvent], commands);
        cancellationToken.ThrowIfCancellationRequested();
        using var patience = new DeadlineScope(Patience, _time, cancellationToken);
        var mayBeWritten = false;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var answer = (RedisResult[])(await RunAsync(arguments, patience.Token))!;
                return Read(answer, commands, outboxEvent, mayBeWritten);
            }
            catch (Exception e) when (RedisFaults.IsTransient(e) || e is OperationCanceledException)
            {
                mayBeWritten |= LeavesOutcomeOpen(e);
                if (patience.Token.IsCancellationRequested || attempt == MaxTries || !await WaitAsync(attempt, patience.Token))
                {
                    if (mayBeWritten)
                    {
                        throw new CommitUnknownException(outboxEvent.EventId, e);
                    }

                    throw;
                }
            }
        }
    }

    private async Task<RedisResult> RunAsync(ScriptArguments arguments, CancellationToken cancellationToken) =>
        Durability is { } durability
            ? await durability.RunAsync(OutboxInsert.Script, arguments.Keys, arguments.Values, cancellationToken)
            : await OutboxInsert.Script.RunAsync(_multiplexer.GetDatabase(), arguments).WaitAsync(cancellationToken);

    // Where an earlier try of this call may have written both, that the event is there is its answer.
    private static IReadOnlyList<RedisValue> Read(RedisResult[] answer, RedisCommands commands, OutboxEvent outboxEvent, bool mayBeWritten)
    {
        if (CommandAnswers.IsRefusal(answer))
        {
            throw CommandAnswers.ToException(answer, commands);
        }

        if ((string?)answer[0] != OutboxInsert.Written)
        {
            if ((string?)answer[2][0] != OutboxInsert.Same)
            {
                throw new EventIdConflictException(outboxEvent.EventId);
            }

            if (!mayBeWritten)
            {
                throw new EventAlreadyWrittenException(outboxEvent.EventId, null);
            }
        }

        return commands.Writes.Count == 0 ? [] : CommandAnswers.ReadResults((string)answer[1]!);
    }

    private async Task<bool> WaitAsync(int attempt, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(_backoff.After(attempt), _time, cancellationToken);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // An error of the server's says that nothing was executed, and without a connection nothing was sent.
    private static bool LeavesOutcomeOpen(Exception exception) => exception is not (RedisServerException or RedisConnectionException
    {
        FailureType: ConnectionFailureType.UnableToConnect or ConnectionFailureType.UnableToResolvePhysicalConnection,
    });

    private Bucket BucketOf(OutboxEvent outboxEvent, RedisCommands commands)
    {
        var first = commands.Keys.FirstOrDefault();
        var bucket = outboxEvent.OrderingKey is null && first is not null
            ? Array.Find(Bucket.All(_options), bucket => bucket.Tag == Bucket.TagOf(first)) is { Prefix: not null } found
                ? found
                : throw new RedisWriteException(
                    $"The key '{first}' does not have the hash tag of a bucket, such as {Bucket.Of(_options, outboxEvent.EventId).Tag}. "
                    + "What is written together must be in one slot of a cluster: put the tag into the key (GetTag).")
            : OutboxInsert.BucketOf(_options, outboxEvent);
        return commands.Keys.Select(bucket.WhyRefused).FirstOrDefault(reason => reason is not null) is { } refusal
            ? throw new RedisWriteException(refusal)
            : bucket;
    }
}
