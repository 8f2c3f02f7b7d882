using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Relaybox.Events;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Relay;
using Relaybox.Functions.Tests.Support;
using Relaybox.Messaging.Formats;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Shared.Tests.Messaging;
using Relaybox.Shared.Tests.Outbox;
using Relaybox.Sqs;
using Relaybox.Timing;

namespace Relaybox.Functions.Tests;

/// <summary>The queue is away for longer than a sweep lasts. Time passes only where the sweep waits.</summary>
public sealed class SweepOutageTests : IDisposable
{
    private static readonly TimeSpan Run = TimeSpan.FromSeconds(65);

    private readonly FakeTimeProvider _clock = new();
    private readonly FakeOutbox _outbox = new() { OldestDueAge = TimeSpan.Zero };
    private readonly ScriptedSqs _sqs = new();
    private readonly List<(DateTimeOffset At, OutboxClaim Claim)> _due = [];
    private int _retriesSeen;

    [Fact]
    public async Task What_waited_through_two_runs_is_sent_within_seconds_of_the_queues_return_with_all_its_attempts()
    {
        var back = _clock.GetUtcNow() + (2.5 * Run);
        DateTimeOffset? sentAt = null;
        _sqs.OnSend = (request, _) =>
        {
            if (_clock.GetUtcNow() < back)
            {
                throw new HttpRequestException("The queue is away.");
            }

            sentAt = _clock.GetUtcNow();
            return Task.FromResult(ScriptedSqs.AcceptAll(request));
        };
        _due.Add((_clock.GetUtcNow(), Claim(attempts: 0)));
        _outbox.BeforeClaim = _ =>
        {
            OfferDue();
            return Task.CompletedTask;
        };

        long[] sent = [await SweepAsync(), await SweepAsync(), await SweepAsync()];

        Assert.Equal([0, 0, 1], sent);
        Assert.InRange(sentAt!.Value - back, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.True(_outbox.Retries.Count > 20, $"it was tried {_outbox.Retries.Count} times");
        Assert.All(_outbox.Retries, retry => Assert.Equal(0, retry.Attempts));
        Assert.Empty(_outbox.Parks);
    }

    public void Dispose() => _sqs.Dispose();

    private static OutboxClaim Claim(int attempts) => new("e-1", new ClaimToken($"{attempts}"), attempts)
    {
        Event = new OutboxEvent { EventId = "e-1", Subject = "orders.placed", Payload = "{}" },
    };

    private void NoteRetries()
    {
        for (; _retriesSeen < _outbox.Retries.Count; _retriesSeen++)
        {
            var retry = _outbox.Retries[_retriesSeen];
            _due.Add((_clock.GetUtcNow() + retry.Delay, Claim(retry.Attempts)));
        }
    }

    private void OfferDue()
    {
        NoteRetries();
        foreach (var row in _due.Where(row => row.At <= _clock.GetUtcNow()).ToList())
        {
            _due.Remove(row);
            _outbox.Batches.Enqueue([row.Claim]);
        }
    }

    private async Task<long> SweepAsync()
    {
        var options = new RelayOptions();
        var publisher = new SqsMessagePublisher(
            _sqs, MessageFormats.Get("envelope"), new SqsPublisherOptions { QueueUrl = "http://127.0.0.1/1/q" },
            _clock, NullLogger<SqsMessagePublisher>.Instance);
        var sweep = new SweepRelayFunction(
            new OutboxRelay(_outbox, publisher, options, SystemEntropy.Instance, NullLogger<OutboxRelay>.Instance),
            _outbox,
            options,
            new SweepOptions(Run),
            _clock,
            new MetricsWriter("SweepRelay", "test", _clock, new JsonLines(Stream.Null)),
            NullLogger<SweepRelayFunction>.Instance,
            new Signal(this));
        return (await sweep.HandleAsync(new ScheduleInput("sweep"), new FakeLambdaContext(TimeSpan.FromSeconds(75)))).Affected;
    }

    /// <summary>Lets time pass until a row is due.</summary>
    private sealed class Signal(SweepOutageTests test) : IOutboxSignal
    {
        public Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
        {
            test.NoteRetries();
            var untilDue = test._due.Count == 0 ? longest : test._due.Min(row => row.At) - test._clock.GetUtcNow();
            test._clock.Advance(TimeSpan.FromTicks(Math.Clamp(untilDue.Ticks, 0, longest.Ticks)));
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
