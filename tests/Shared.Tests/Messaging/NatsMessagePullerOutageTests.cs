using Microsoft.Extensions.Time.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Nats;
using Relaybox.Secrets;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>A run of the puller outlives what it pulls from: it goes on when the server is back, for as long as it was to run.</summary>
public sealed class NatsMessagePullerOutageTests : IAsyncDisposable
{
    // Ends a run when the test says so.
    private readonly FakeTimeProvider _clock = new();

    private NatsServer? _server;
    private NatsPull? _pull;
    private Handler<string>? _handler;
    private Task<NatsPullResult>? _draining;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_whose_server_crashes_handles_what_is_published_when_it_is_back()
    {
        var (server, pull, handler) = await BeginAsync();
        await server.StopAtOnceAsync();
        await Eventually.TrueAsync(() => Logged(1507) > 0, "the loss to be noticed");
        await server.StartAgainAsync();
        await PublishAsync("after");
        await Eventually.TrueAsync(() => handler.Handled.Contains("after"), "what came after the outage");
        await IdleAsync();

        var result = await EndAsync();
        Assert.Equal((1, false), (result.Messages.Processed, result.BrokerUnavailable));
        Assert.Equal((1, 1), (Logged(1507), Logged(1512)));
        Assert.Equal((0, 0UL), await pull.LeftAsync());
    }

    [Fact]
    public async Task A_run_that_ends_while_its_server_is_away_says_so()
    {
        var (server, _, _) = await BeginAsync();
        await server.StopAtOnceAsync();
        await Eventually.TrueAsync(() => Logged(1507) > 0, "the loss to be noticed");

        Assert.True((await EndAsync()).BrokerUnavailable);
        Assert.Equal((1, 0), (Logged(1507), Logged(1512)));
    }

    [Fact]
    public async Task What_reaches_a_server_that_has_halted_is_handled_when_it_goes_on_and_not_after_the_acknowledgement_time()
    {
        var (server, pull, handler) = await BeginAsync();
        await using var app = new NatsConnection(new NatsOpts { Url = server.Url });
        await app.ConnectAsync();
        server.Halt();
        try
        {
            // Lies in the buffers of the server, with the pulls that nobody waits for any more.
            for (var i = 0; i < 20; i++)
            {
                await app.PublishAsync(
                    $"{pull.World.Name}.orders.placed",
                    new EnvelopeFormat().Write(Sample.Event($"{i}")),
                    new NatsHeaders { ["Relaybox-Format"] = "envelope" },
                    cancellationToken: Ct);
            }

            await Eventually.TrueAsync(() => Logged(1507) > 0, "the loss to be noticed", TimeSpan.FromMinutes(2));
        }
        finally
        {
            server.Resume();
        }

        // The connection may be found lost only after that, so that the run's last pull fails.
        await Eventually.TrueAsync(() => handler.Handled.Distinct().Count() == 20, "all of them", TimeSpan.FromMinutes(2));
        await EndAsync();
    }

    [Fact]
    public async Task A_run_whose_consumer_is_deleted_goes_on_when_it_is_made_again()
    {
        var (_, pull, handler) = await BeginAsync();
        await (await pull.World.ContextAsync()).DeleteConsumerAsync(pull.Options.Stream, pull.Options.Consumer, Ct);
        await Eventually.TrueAsync(() => Logged(1507) > 0, "the loss to be noticed");
        await pull.EnsureConsumerAsync();
        await PublishAsync("after");
        await Eventually.TrueAsync(() => handler.Handled.Contains("after"), "what came after it");
        await IdleAsync();
        Assert.False((await EndAsync()).BrokerUnavailable);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    public async Task A_run_that_cannot_read_its_credentials_goes_on_when_it_can(string? instead)
    {
        const string Arn = "arn:aws:secretsmanager:eu-central-2:123456789012:secret:nats-AbCdEf";
        _server = await NatsServer.StartAsync("authorization { users: [ { user: app, password: right } ] }");
        _pull = await NatsPull.CreateAsync(_server.Url.Replace("nats://", "nats://app:right@", StringComparison.Ordinal));
        _pull.Options = _pull.Options with { StopWhenEmpty = false };
        _handler = _pull.Handle();
        await PublishAsync("waiting");
        var secret = new LateSecret(instead);
        await using var connector = new NatsConnector(
            new NatsConnectionOptions { Url = _server.Url }, TimeProvider.System, NullLogger<NatsConnector>.Instance, new CachedSecret(secret, Arn));
        var puller = new NatsMessagePuller(connector, _pull.Consumer, _pull.Options, _clock, SystemEntropy.Instance, _pull.Log);
        _draining = puller.DrainAsync(WorkDeadline.After(TimeSpan.FromMinutes(5), _clock), Ct);
        await Eventually.TrueAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromMilliseconds(10));
                return Logged(1507) > 0 && secret.Reads > 2;
            },
            "it to be tried again");
        secret.Text = """{"username":"app","password":"right"}""";
        await Eventually.TrueAsync(
            () =>
            {
                _clock.Advance(TimeSpan.FromMilliseconds(10));
                return _handler.Handled.Contains("waiting");
            },
            "what waited");
        await IdleAsync();

        Assert.False((await EndAsync()).BrokerUnavailable);
        Assert.Contains(Arn, Assert.Single(_pull.Log.Lines, line => line.StartsWith("1507 ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (_draining is { IsCompleted: false })
        {
            await EndAsync();
        }

        if (_pull is not null)
        {
            await _pull.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private async Task<(NatsServer Server, NatsPull Pull, Handler<string> Handler)> BeginAsync()
    {
        _server = await NatsServer.StartAsync();
        _pull = await NatsPull.CreateAsync(_server.Url, o => o with { StopWhenEmpty = false, AckWait = TimeSpan.FromMinutes(10) });
        _handler = _pull.Handle();
        _draining = _pull.CreatePuller().DrainAsync(WorkDeadline.After(TimeSpan.FromMinutes(5), _clock), Ct);
        await IdleAsync();
        return (_server, _pull, _handler);
    }

    // A pull that waits takes no answer for a lost one when the clock jumps to the run's end.
    private Task IdleAsync() => Eventually.TrueAsync(async () => (await _pull!.InfoAsync()).NumWaiting > 0, "a pull that waits");

    private Task<NatsPullResult> EndAsync()
    {
        _clock.Advance(TimeSpan.FromMinutes(5));
        return _draining!.WaitAsync(TimeSpan.FromMinutes(2), Ct);
    }

    // A server that has just started may not have its streams yet.
    private Task PublishAsync(string eventId) => Eventually.TrueAsync(
        async () => (await _pull!.World.CreatePublisher().PublishAsync([Sample.Event(eventId)], Ct))[0] == PublishOutcome.Accepted,
        "the event to be accepted");

    /// <summary>A secret that cannot be read, or is none, until a test says so.</summary>
    private sealed class LateSecret(string? instead) : ISecretSource
    {
        public string? Text { get; set; } = instead;

        public int Reads { get; private set; }

        public Task<string> GetAsync(string arn, CancellationToken cancellationToken)
        {
            Reads++;
            return Text is { } text ? Task.FromResult(text) : throw new SecretException($"The secret {arn} cannot be read: not yet.");
        }
    }

    private int Logged(int id) => _pull!.Log.Lines.Count(line => line.StartsWith($"{id} ", StringComparison.Ordinal));
}
