using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Events;
using Relaybox.Nats;
using Relaybox.Operations;
using Relaybox.Shared.Tests.Conformance;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>The dead letters of a stream, for operators, on a real server.</summary>
public sealed class NatsDeadLetterStreamTests(NatsServer server) : DeadLettersConformance
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Harness Nats => (Harness)Broker;

    private protected override async Task<DeadLettersHarness> CreateHarnessAsync() => await Harness.CreateAsync(server.Url);

    [Fact]
    public async Task A_duplicate_is_told_as_such_and_stays_unless_its_deletion_is_asked_for()
    {
        await Broker.KillAsync(Event("e-1"));
        await using var look = await Broker.Letters.LookAsync(null, Ct);
        var letter = Assert.Single(await look.NextAsync(10, Ct));
        await Nats.SendAsBeforeAsync();

        var outcome = await look.RedriveAsync(letter, deletesDuplicate: false, Ct);
        Assert.Equal("the broker calls it a duplicate: it was not sent again", outcome.LeftBecause);
        Assert.Equal(1, await Broker.Letters.CountAsync(Ct));

        Assert.Equal(DeadLetterOutcome.Redriven, await look.RedriveAsync(letter, deletesDuplicate: true, Ct));
        Assert.Equal(0, await Broker.Letters.CountAsync(Ct));
        Assert.Single(await Broker.TakeAsync(1));
    }

    [Fact]
    public async Task What_another_operator_has_deleted_is_no_failure()
    {
        await Broker.KillAsync(Event("e-1"));
        await using var late = await Broker.Letters.LookAsync(null, Ct);
        var letter = Assert.Single(await late.NextAsync(10, Ct));
        Assert.Equal(1, await RedriveAllAsync());

        Assert.Equal(DeadLetterOutcome.Duplicate, await late.RedriveAsync(letter, deletesDuplicate: false, Ct));
        Assert.Equal(DeadLetterOutcome.Redriven, await late.RedriveAsync(letter, deletesDuplicate: true, Ct));
        Assert.Single(await Broker.TakeAsync(1));
    }

    [Fact]
    public async Task A_look_goes_on_where_another_has_ended()
    {
        await Broker.KillAsync([.. Enumerable.Range(0, 7).Select(i => Event($"e-{i}"))]);
        string? cursor;
        await using (var first = await Broker.Letters.LookAsync(null, Ct))
        {
            Assert.Equal(["e-0", "e-1", "e-2"], (await first.NextAsync(3, Ct)).Select(letter => letter.EventId));
            cursor = first.Cursor;
        }

        await using var second = await Broker.Letters.LookAsync(cursor, Ct);
        Assert.Equal(["e-3", "e-4", "e-5", "e-6"], (await second.NextAsync(10, Ct)).Select(letter => letter.EventId));
    }

    [Fact]
    public async Task A_stream_that_is_not_there_is_told_with_what_to_do()
    {
        var e = await Assert.ThrowsAsync<DeadLettersFailedException>(
            () => new NatsDeadLetterStream(Nats.Connector, "absent", "absent").CountAsync(Ct));
        Assert.Contains("'absent' does not exist. Invoke Setup", e.Message, StringComparison.Ordinal);
    }

    private sealed class Harness : DeadLettersHarness
    {
        private readonly NatsPull _pull;

        private Harness(NatsPull pull) => _pull = pull;

        public NatsConnector Connector => _pull.World.Connector;

        public override IDeadLetters Letters => new NatsDeadLetterStream(Connector, _pull.World.DeadName, _pull.World.DeadName);

        public override IDeadLetters LettersThatStay =>
            new Changed(Letters, () => ChangeAsync(_pull.World.DeadName, config => config with { DenyDelete = true }));

        public override IDeadLetters LettersFromNowhere => new Changed(
            Letters, () => ChangeAsync(_pull.World.Name, config => config with { Subjects = [$"{_pull.World.Name}-elsewhere.>"] }));

        public override bool KeepsOrder => true;

        public static async Task<Harness> CreateAsync(string url)
        {
            var pull = await NatsPull.CreateAsync(url);
            pull.Handle();
            return new Harness(pull);
        }

        public override async Task KillAsync(params OutboxEvent[] events)
        {
            await _pull.PublishAsync(events);
            await _pull.DrainAsync();
            await (await _pull.World.ContextAsync()).PurgeStreamAsync(_pull.World.Name, new StreamPurgeRequest(), Ct);
        }

        public override async Task<IReadOnlyList<(OutboxEvent Event, IReadOnlyCollection<string> Names)>> TakeAsync(int count)
        {
            var taken = await _pull.World.TakeAsync(count + 1);
            Assert.Equal(count, taken.Count);
            return
            [
                .. taken.Select(message => (
                    PulledMessage.Read(message, message.Metadata!.Value).Event, (IReadOnlyCollection<string>)[.. message.Headers!.Keys])),
            ];
        }

        public override ValueTask DisposeAsync() => _pull.DisposeAsync();

        /// <summary>Sends the one dead letter as a process did that died before it deleted it.</summary>
        public async Task SendAsBeforeAsync()
        {
            var dead = Assert.Single(await _pull.World.TakeAsync(2, _pull.World.DeadName));
            var context = await _pull.World.ContextAsync();
            await context.PublishAsync(
                dead.Headers![NatsHeaderNames.SourceSubject].ToString(),
                dead.Data,
                headers: new NatsHeaders
                {
                    [NatsHeaderNames.MessageId] = NatsDeadLetterLook.MessageIdOf(dead.Metadata!.Value),
                    [NatsHeaderNames.EventId] = "e-1", [NatsHeaderNames.Format] = "envelope",
                },
                cancellationToken: Ct);
        }

        private async Task ChangeAsync(string stream, Func<StreamConfig, StreamConfig> change)
        {
            var context = await _pull.World.ContextAsync();
            await context.UpdateStreamAsync(change((await context.GetStreamAsync(stream, cancellationToken: Ct)).Info.Config), Ct);
        }

        /// <summary>Changes the streams before the look.</summary>
        private sealed class Changed(IDeadLetters letters, Func<Task> change) : IDeadLetters
        {
            public bool KeepsPlaces => letters.KeepsPlaces;

            public Task<long> CountAsync(CancellationToken cancellationToken) => letters.CountAsync(cancellationToken);

            public async Task<IDeadLetterLook> LookAsync(string? cursor, CancellationToken cancellationToken)
            {
                await change();
                return await letters.LookAsync(cursor, cancellationToken);
            }
        }
    }
}
