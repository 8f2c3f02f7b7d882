using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Secrets;
using Relaybox.Settings;
using Relaybox.Timing;

namespace Relaybox.Nats;

/// <summary>
/// Pulls messages from a durable consumer, takes them through the inbox to their handlers, and answers each: handled is
/// acknowledged, what is to come again is put off, what never can be handled is copied to the dead letters and ended. A
/// message that gets no answer comes again, and the inbox knows whether it was handled.
/// </summary>
/// <param name="connector">The connection.</param>
/// <param name="consumer">The inbox.</param>
/// <param name="options">What is pulled, and how.</param>
/// <param name="time">The clock.</param>
/// <param name="entropy">The jitter of the waits between tries.</param>
/// <param name="logger">The log.</param>
internal sealed class NatsMessagePuller(
    NatsConnector connector,
    InboxConsumer consumer,
    NatsPullOptions options,
    TimeProvider time,
    IEntropy entropy,
    ILogger<NatsMessagePuller> logger)
{
    // The client refuses a pull that waits for less ("expires must be greater than 00:00:01"). For shorter waits the server is asked
    // again and again whether there is anything.
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    // After this long the client ends a pull that the server does not answer.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2), entropy);
    private readonly NatsDeadLetters _deadLetters = new(options.DeadLetterPrefix);

    /// <summary>
    /// Pulls and handles until the deadline nears, or until nothing is left where the options say so. While NATS cannot be used, or its
    /// credentials' secret cannot be read, it tries again, with waits that grow to two seconds.
    /// </summary>
    /// <param name="deadline">When to be done.</param>
    /// <param name="onBatch">Is told of each batch when it has been answered; null: nobody.</param>
    /// <param name="cancellationToken">Ends the work; what has no answer comes again.</param>
    public async Task<NatsPullResult> DrainAsync(
        WorkDeadline deadline, Action<NatsPullResult>? onBatch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deadline);
        var total = new NatsPullResult();
        NatsSession? session = null;
        INatsJSConsumer? source = null;
        var failures = 0;
        var failingSince = 0L;
        while (HasTime(deadline))
        {
            List<PulledMessage> batch;
            try
            {
                // Each time, since that is where a connection that died in the meantime is found out and replaced.
                var current = await connector.OpenAsync(cancellationToken);
                if (source is null || current != session)
                {
                    session = current;
                    source = await current.RunAsync(
                        async ct => await current.JetStream.GetConsumerAsync(options.Stream, options.Consumer, ct), cancellationToken);
                }

                var known = source;
                batch = await current.RunAsync(ct => PullAsync(current, known, deadline, ct), cancellationToken);
            }
            catch (Exception e) when (
                e is NatsException or SecretException or SettingsException || (e is OperationCanceledException && !HasTime(deadline)))
            {
                source = null;
                if (failures++ == 0)
                {
                    failingSince = time.GetTimestamp();
                    Log.PullFailed(logger, options.Stream, ErrorText.Bound(e.Message));
                }

                if (HasTime(deadline))
                {
                    await Task.Delay(TimeArithmetic.Shorter(_backoff.After(failures), UntilEnd(deadline)), time, cancellationToken);
                }

                continue;
            }

            if (failures > 0)
            {
                failures = 0;
                Log.PullRestored(logger, options.Stream, time.GetElapsedTime(failingSince).TotalSeconds);
            }

            if (batch.Count > 0)
            {
                var result = await HandleAsync(session!, batch, deadline, cancellationToken);
                onBatch?.Invoke(result);
                total = total.Add(result);
            }
            else if (options.StopWhenEmpty)
            {
                break;
            }
        }

        return total with { BrokerUnavailable = failures > 0 };
    }

    /// <inheritdoc cref="DrainAsync(WorkDeadline, Action{NatsPullResult}?, CancellationToken)"/>
    public Task<NatsPullResult> DrainAsync(WorkDeadline deadline, CancellationToken cancellationToken) =>
        DrainAsync(deadline, null, cancellationToken);

    // What is there at once; where there is nothing, the first that comes and what came with it.
    private async Task<List<PulledMessage>> PullAsync(
        NatsSession session, INatsJSConsumer source, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        var batch = new List<PulledMessage>(options.BatchSize);
        await FetchAsync(session, source, batch, cancellationToken);
        if (batch.Count > 0)
        {
            return batch;
        }

        if (session.RefusalOf($"$JS.API.CONSUMER.MSG.NEXT.{options.Stream}.{options.Consumer}") is { } refusal)
        {
            throw new NatsException(refusal);
        }

        var wait = TimeArithmetic.Shorter(UntilEnd(deadline), options.Wait);
        if (wait < ShortestWait)
        {
            await Task.Delay(TimeArithmetic.Shorter(wait, PollInterval), time, cancellationToken);
            return batch;
        }

        var start = time.GetTimestamp();
        if (await source.NextAsync<byte[]>(opts: Until(wait), cancellationToken: cancellationToken) is { } first)
        {
            Add(session, batch, first);
            await FetchAsync(session, source, batch, cancellationToken);
        }
        else if (time.GetElapsedTime(start) < wait / 2)
        {
            // So the client says that nobody takes such pulls: the consumer is gone, or JetStream has no leader.
            throw new NatsException($"the server ended a pull at once: is consumer {options.Consumer} there?");
        }

        return batch;
    }

    private async Task FetchAsync(NatsSession session, INatsJSConsumer source, List<PulledMessage> batch, CancellationToken cancellationToken)
    {
        // The client takes a limit of messages or of bytes, not both. The first fetch is so small that it may hold the largest messages
        // of the server; where they turn out to be small, the next takes twice as many.
        var most = Math.Max(1, 2 * options.BatchBytes / session.MaxPayload);
        while (batch.Count < options.BatchSize && batch.Sum(pulled => pulled.Bytes) <= options.BatchBytes)
        {
            var count = (int)Math.Min(most, options.BatchSize - batch.Count);
            if (!await FetchAsync(session, source, batch, count, cancellationToken))
            {
                return;
            }

            most *= 2;
        }
    }

    /// <returns>Whether there were as many as were asked for, so that there may be more.</returns>
    private async Task<bool> FetchAsync(
        NatsSession session, INatsJSConsumer source, List<PulledMessage> batch, int count, CancellationToken cancellationToken)
    {
        var before = batch.Count;
        var start = time.GetTimestamp();
        try
        {
            var fetch = source.FetchNoWaitAsync<byte[]>(
                new NatsJSFetchOpts { MaxMsgs = count, Expires = AnswerTimeout }, cancellationToken: cancellationToken);
            await foreach (var message in fetch)
            {
                Add(session, batch, message);
            }
        }
        catch (Exception e) when (batch.Count > 0 && (e is NatsException or OperationCanceledException or ObjectDisposedException))
        {
            // What has come is handled all the same: otherwise it would be back only after its acknowledgement time. If the server is
            // gone, the next pull finds out.
            return false;
        }

        if (batch.Count == 0 && time.GetElapsedTime(start) >= AnswerTimeout)
        {
            // The client does not say so. A further pull would lie in the buffers of a server that has halted, which would answer it
            // with messages that nobody waits for any more.
            throw new NatsException("the server did not answer a pull");
        }

        return batch.Count - before == count;
    }

    // The server refuses a heartbeat of more than half of the wait ("heartbeat value too large"). Times are sent in nanoseconds, which
    // the client computes from a fraction of milliseconds: whole milliseconds are exact.
    private static NatsJSNextOpts Until(TimeSpan wait)
    {
        var milliseconds = (int)wait.TotalMilliseconds;
        return new NatsJSNextOpts
        {
            Expires = TimeSpan.FromMilliseconds(milliseconds),
            IdleHeartbeat = TimeSpan.FromMilliseconds(Math.Min(milliseconds / 2, AnswerTimeout.TotalMilliseconds)),
        };
    }

    private bool HasTime(WorkDeadline deadline) => deadline.HasTimeFor(options.MinimumBatchTime);

    private TimeSpan UntilEnd(WorkDeadline deadline)
    {
        var left = deadline.Remaining - options.MinimumBatchTime;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void Add(NatsSession session, List<PulledMessage> batch, INatsJSMsg<byte[]> message)
    {
        if (message.Metadata is { } metadata)
        {
            batch.Add(new PulledMessage(message, metadata, session, _deadLetters));
        }
    }

    private async Task<NatsPullResult> HandleAsync(
        NatsSession session, List<PulledMessage> batch, WorkDeadline deadline, CancellationToken cancellationToken)
    {
        await using var progress = new NatsProgress(batch, options.AckWait / 3, time, logger);
        MessageOutcome[] outcomes;
        try
        {
            outcomes = await consumer.ConsumeAsync(batch, deadline.Before(options.SettleMargin), cancellationToken);
        }
        catch
        {
            await GiveBackAsync(session, batch);
            throw;
        }

        var confirmed = await Task.WhenAll(batch.Select((pulled, i) => SettleAsync(session, pulled, outcomes[i], cancellationToken)));
        return new NatsPullResult
        {
            Messages = ConsumedCounts.Of(outcomes),
            Unsettled = confirmed.Count(isConfirmed => !isConfirmed),
            Pending = (long)batch[^1].Metadata.NumPending,
        };
    }

    // At once instead of after their acknowledgement time. The inbox knows those that were handled.
    private async Task GiveBackAsync(NatsSession session, List<PulledMessage> batch)
    {
        foreach (var pulled in batch)
        {
            pulled.IsSettled = true;
            try
            {
                await session.RunAsync(ct => DoneAsync(pulled.Message.NakAsync(cancellationToken: ct)), CancellationToken.None);
            }
            catch (NatsException e)
            {
                Log.Unsettled(logger, options.Stream, pulled.Metadata.Sequence.Stream, ErrorText.Bound(e.Message));
                return;
            }
        }
    }

    /// <returns>Whether the server has confirmed the answer.</returns>
    private async Task<bool> SettleAsync(
        NatsSession session, PulledMessage pulled, MessageOutcome outcome, CancellationToken cancellationToken)
    {
        using var step = Spans.Begin(Spans.Settle);
        var confirmed = new AckOpts { DoubleAck = true };
        pulled.IsSettled = true;
        try
        {
            return await session.RunAsync(
                ct => DoneAsync(outcome switch
                {
                    MessageOutcome.Retry retry => pulled.Message.NakAsync(confirmed with { NakDelay = retry.Delay }, ct),
                    MessageOutcome.DeadLetter => pulled.Message.AckTerminateAsync(confirmed, ct),
                    _ => pulled.Message.AckAsync(confirmed, ct),
                }),
                cancellationToken);
        }
        catch (Exception e) when (e is NatsException or OperationCanceledException or ObjectDisposedException)
        {
            Log.Unsettled(
                logger, options.Stream, pulled.Metadata.Sequence.Stream, e is NatsException ? ErrorText.Bound(e.Message) : e.GetType().Name);
            return false;
        }
    }

    private static async Task<bool> DoneAsync(ValueTask call)
    {
        await call;
        return true;
    }
}
